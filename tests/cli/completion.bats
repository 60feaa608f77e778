#!/usr/bin/env bats
# Completions for bash, zsh and fish: made from the command tables, and true to the registry.
load common

# bash_completes LINE: what bash offers at the end of LINE, sorted, one a line. The words are cut
# as readline cuts them.
bash_completes() {
    env -i MLOPS_REAL="${MLOPS_REAL-}" PATH="$PATH" HOME="$HOME" LINE="$1" bash --norc -c '
        source <(mlops completion bash)
        compopt() { :; }
        COMP_WORDBREAKS=$'"' \\t\\n\"\\'@><=;|&(:'"'
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        COMP_WORDS=()
        rest=$LINE
        while [[ -n $rest ]]; do
            blanks=${rest%%[![:space:]]*}
            rest=${rest#"$blanks"}
            run=${rest%%[[:space:]@=:]*}
            [[ -n $run ]] || { run=${rest%%[!@=:]*}; }
            [[ -n $run ]] && COMP_WORDS+=("$run")
            rest=${rest#"$run"}
        done
        [[ $LINE == *[[:space:]] || $LINE == *= ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _mlops
        printf "%s\n" "${COMPREPLY[@]}"' | sort
}

# bash_line LINE: what a real bash makes of LINE and a tab.
bash_line() {
    cat > line.py <<'PYTHON'
import os, pty, re, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
def until(text):
    seen = b""
    while text not in seen:
        seen += os.read(fd, 4096)
    return seen
os.write(fd, b"PS1=; bind 'set enable-bracketed-paste off'; source <(mlops completion bash); echo READ''Y\n")
until(b"READY")
# the line becomes arguments of printf, so that it is seen as bash reads it, one key after the other
os.write(fd, sys.argv[1].encode() + b"\t\x01printf '<%s>' \x05; echo DO''NE\n")
seen = until(b"DONE").decode()
os.close(fd)
os.waitpid(pid, 0)
print(re.findall(r"((?:<[^<>]*>)+)DONE", seen)[-1])
PYTHON
    timeout 120 python3 line.py "$1"
}

fish_completes() {
    fish --no-config -c 'mlops completion fish | source; complete -C $argv[1]' -- "$1" | cut -f 1 | sort
}

# zsh_completes LINE: what zsh shows after LINE and a tab, in a terminal of its own. It is one key that completes,
# lists, shows and says that it is done: zsh shows nothing while it has more keys to read.
zsh_completes() {
    mkdir -p functions
    mlops completion zsh > functions/_mlops
    cat > ask.zsh <<'ZSH'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PROMPT=; RPROMPT=; fpath=($PWD/functions \$fpath); autoload -Uz compinit; compinit -u -D
zstyle ':completion:*' list-colors; zstyle ':completion:*' list-separator '|'; setopt list_rows_first
LISTMAX=1000; ask() { zle complete-word; zle list-choices; zle -R; zle kill-whole-line; zle -I; print DO''NE }
zle -N ask; bindkey '^X' ask; stty columns 200 rows 100; echo READ''Y"
while zpty -r z line; do [[ $line == *READY* ]] && break; done
zpty -n -w z "$1"$'\x18'
while zpty -r z line; do print -r -- $line; [[ $line == *DONE* ]] && break; done
zpty -d z
ZSH
    timeout 120 zsh -f ask.zsh "$1" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | tr -d '\r\a'
}

needs() {
    command -v "$1" >/dev/null || skip "no $1 here"
}

@test "the committed completions are what the binary prints" {
    mlops completion bash | diff "$SOURCE_ROOT/completions/mlops.bash" -
    mlops completion zsh | diff "$SOURCE_ROOT/completions/_mlops" -
    mlops completion fish | diff "$SOURCE_ROOT/completions/mlops.fish" -
}

@test "the completions are well-formed" {
    mlops completion bash | bash -n
    ! command -v zsh >/dev/null || mlops completion zsh > z
    [ ! -e z ] || zsh -n z
    ! command -v fish >/dev/null || mlops completion fish > f
    [ ! -e f ] || fish --no-config -n f
}

@test "each of them knows every command and option" {
    mlops --json help > help.json
    for shell in bash zsh fish; do
        mlops completion $shell > script
        for command in $(jq -r '.commands[].name' help.json); do
            grep -qw -- "$command" script
        done
        for option in $(jq -r '.options[].name, .commands[].options[].name' help.json); do
            grep -qE -- "(--|-l )$option" script || { echo "$shell: $option"; false; }
        done
    done
}

@test "an unknown shell is told which there are" {
    run mlops completion tcsh
    ended 2 "no completions for 'tcsh'" "bash, zsh and fish"
}

@test "candidates come from the registry" {
    given_registered fraud@3
    given_registered churn@1
    given_promoted fraud@2 production
    given_promoted fraud@2 canary
    [ "$(mlops __complete model)" = $'churn\nfraud' ]
    [ "$(mlops __complete model fr)" = fraud ]
    [ "$(mlops __complete stage)" = $'dev\nstaging\nproduction\ncanary' ]
    [ "$(mlops __complete stage ca)" = canary ]
    [ "$(mlops __complete ref)" = $'churn\nfraud' ]
    [ "$(mlops __complete ref fr)" = $'fraud\nfraud@canary\nfraud@production\nfraud@3\nfraud@2\nfraud@1' ]
    [ "$(mlops __complete ref fraud@)" = $'fraud@canary\nfraud@production\nfraud@3\nfraud@2\nfraud@1' ]
    [ "$(mlops __complete ref fraud@p)" = fraud@production ]
    [ -z "$(mlops __complete ref frau@)" ]
    id=$(mlops --json show churn | jq -r .bundle)
    [ "$(mlops __complete ref "${id:0:12}")" = "$id" ]
    run mlops __complete nonsense
    ended 2
}

@test "bash completes commands and options" {
    [ "$(bash_completes 'mlops prom')" = promote ]
    [ "$(bash_completes 'mlops -q prom')" = promote ]
    [ "$(bash_completes 'mlops --color al')" = always ]
    [ "$(bash_completes 'mlops promote --dr')" = --dry-run ]
    [ "$(bash_completes 'mlops --color=al')" = always ]
    [ "$(bash_completes 'mlops completion ')" = $'bash\nfish\nzsh' ]
    [ "$(bash_completes 'mlops help roll')" = rollback ]
    [ -z "$(bash_completes 'mlops promote --reason ')" ]
    bash_completes 'mlops ' | grep -qx checkout
    bash_completes 'mlops log --' | grep -qx -- --verify
    bash_completes 'mlops log --' | grep -qx -- --registry
    [ -z "$(bash_completes 'mlops log -- --')" ]
}

@test "bash completes references, stages and folders" {
    given_registered fraud@2
    given_promoted fraud@1 production
    [ "$(bash_completes 'mlops list ')" = fraud ]
    [ "$(bash_completes 'mlops show fraud@p')" = @production ]
    [ "$(bash_completes 'mlops show fraud@')" = $'@1\n@2\n@production' ]
    [ "$(bash_completes 'mlops show fra')" = $'fraud\nfraud@1\nfraud@2\nfraud@production' ]
    [ "$(bash_completes 'mlops promote fraud@2 --to st')" = staging ]
    [ "$(bash_completes 'mlops promote fraud@2 --to=st')" = staging ]
    [ "$(bash_completes 'mlops promote --to dev fraud@p')" = @production ]
    [ "$(bash_completes 'mlops promote fraud@2 --expect n')" = none ]
    mkdir "a folder" && touch afile
    [ "$(bash_completes 'mlops checkout fraud@1 a')" = "a folder" ]
    [ "$(bash_completes 'mlops drift fraud --current a')" = $'a folder\nafile' ]
}

@test "a real bash puts the candidate where it belongs" {
    needs python3
    given_registered fraud@2
    given_promoted fraud@1 production
    [ "$(bash_line 'mlops show fraud@p')" = "<mlops><show><fraud@production>" ]
    [ "$(bash_line 'mlops promote fraud@2 --to=st')" = "<mlops><promote><fraud@2><--to=staging>" ]
    [ "$(bash_line "mlops promote --reason 'a b' --to dev fraud@p")" = \
        "<mlops><promote><--reason><a b><--to><dev><fraud@production>" ]
    id=$(mlops --json show fraud@1 | jq -r .bundle)
    [ "$(bash_line "mlops show ${id:0:14}")" = "<mlops><show><$id>" ]
    mkdir "a folder"
    [ "$(bash_line 'mlops -C a')" = "<mlops><-C><a folder/>" ]
}

@test "bash asks the registry that the line names" {
    mkdir elsewhere && cd elsewhere
    given_registered churn@1
    cd ..
    [ "$(bash_completes 'mlops list ')" = "" ]
    [ "$(bash_completes 'mlops -C elsewhere list ')" = churn ]
    [ "$(bash_completes 'mlops list --registry elsewhere ')" = churn ]
    [ "$(bash_completes 'mlops list --registry=elsewhere ')" = churn ]
}

@test "fish completes" {
    needs fish
    given_registered fraud@2
    given_promoted fraud@1 production
    [ "$(fish_completes 'mlops prom')" = promote ]
    [ "$(fish_completes 'mlops list ')" = fraud ]
    [ "$(fish_completes 'mlops show fraud@p')" = fraud@production ]
    [ "$(fish_completes 'mlops promote fraud@2 --to st')" = staging ]
    [ "$(fish_completes 'mlops promote fraud@2 --to=st')" = --to=staging ]
    [ "$(fish_completes 'mlops promote --dr')" = --dry-run ]
    [ "$(fish_completes 'mlops --color al')" = always ]
    [ "$(fish_completes 'mlops completion ')" = $'bash\nfish\nzsh' ]
    mkdir sub
    [ "$(fish_completes 'mlops checkout fraud@1 su')" = sub/ ]
    [ "$(fish_completes 'mlops -C / list ')" = "" ]
}

@test "zsh completes" {
    needs zsh
    given_registered fraud@2
    given_promoted fraud@1 production
    run zsh_completes 'mlops prom'
    ended 0 'mlops promote'
    run zsh_completes 'mlops promote fraud@2 --to st'
    ended 0 '--to staging'
    run zsh_completes 'mlops show fraud@p'
    ended 0 'fraud@production'
    run zsh_completes 'mlops promote --dr'
    ended 0 '--dry-run'
    run zsh_completes 'mlops c'
    ended 0 'lay the files of a version out'
}
