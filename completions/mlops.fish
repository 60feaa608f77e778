# fish completion for mlops, written by 'mlops completion fish'

set -g __mlops_valued \
    '*:--directory' '*:-C' \
    '*:--registry' \
    '*:--color' \
    '*:--lock-timeout' \
    'init:--metadata' \
    'init:--objects' \
    'init:--log-key' \
    'package:--param' \
    'package:--metric' \
    'package:--parent' \
    'package:--output' 'package:-o' \
    'package:--run' \
    'import:--model' \
    'import:--artifact' \
    'import:--rev' \
    'import:--key' \
    'list:--where' \
    'list:--data' \
    'list:--sort' \
    'list:--limit' \
    'show:--log' \
    'show:--predictions' \
    'log:--stage' \
    'log:--limit' 'log:-n' \
    'log:--at' \
    'log:--since' \
    'log:--prove' \
    'log:--from' \
    'log:--key' \
    'events:--since' \
    'events:--interval' \
    'export:--format' \
    'push:--as' \
    'push:--mount' \
    'push:--ca' \
    'pull:--ca' \
    'scan:--severity' \
    'scan:--sarif' \
    'scan:--accept' \
    'scan:--reason' \
    'scan:--advisories' \
    'test:--suite' \
    'test:--against' \
    'test:--jobs' 'test:-j' \
    'test:--sandbox' \
    'test:--junit' \
    'test:--markdown' \
    'test:--gitlab-metrics' \
    'test:--advisories' \
    'sign:--key' \
    'sign:--certificate' \
    'sign:--output' 'sign:-o' \
    'verify:--signature' \
    'verify:--key' \
    'verify:--roots' \
    'policy:--reason' \
    'policy:--key' \
    'approve:--for' \
    'approve:--reason' \
    'approve:--key' \
    'promote:--to' \
    'promote:--expect' \
    'promote:--reason' \
    'promote:--pass' \
    'promote:--key' \
    'promote:--proof' \
    'rollback:--stage' \
    'rollback:--to' \
    'rollback:--reason' \
    'deploy:--reload' \
    'deploy:--health' \
    'deploy:--keep' \
    'deploy:--interval' \
    'freeze:--stage' \
    'freeze:--reason' \
    'freeze:--until' \
    'freeze:--key' \
    'unfreeze:--stage' \
    'unfreeze:--reason' \
    'unfreeze:--key' \
    'retire:--reason' \
    'delete:--reason' \
    'retrain:--data' \
    'retrain:--since' \
    'retrain:--until' \
    'retrain:--from' \
    'retrain:--stage' \
    'retrain:--reason' \
    'retrain:--timeout' \
    'retrain:--triggers' \
    'key:--algorithm' \
    'trust:--role' \
    'trust:--owner' \
    'trust:--expires' \
    'trust:--key' \
    'trust:--reason' \
    'data:--label' \
    'data:--reason' \
    'webhook:--event' \
    'webhook:--secret-env' \
    'profile:--output' 'profile:-o' \
    'profile:--table' \
    'profile:--schema' \
    'profile:--columns' \
    'profile:--separator' \
    'profile:--comment' \
    'profile:--ragged' \
    'drift:--current' \
    'drift:--data' \
    'drift:--method' \
    'drift:--categorical-method' \
    'drift:--threshold' \
    'drift:--far' \
    'drift:--time' \
    'drift:--segment' \
    'drift:--season' \
    'drift:--columns' \
    'drift:--separator' \
    'drift:--comment' \
    'drift:--ragged' \
    'drift:--html' \
    'drift:--markdown' \
    'drift:--svg' \
    'monitor:--listen' \
    'monitor:--events' \
    'monitor:--tick' \
    'monitor:--dead-letter' \
    'monitor:--lateness' \
    'monitor:--keep-raw' \
    'monitor:--keep-minutes' \
    'monitor:--version' \
    'monitor:--since' \
    'monitor:--lags' \
    'monitor:--format' \
    'monitor:--stage' \
    'monitor:--segment' \
    'monitor:--by' \
    'monitor:--margin' \
    'monitor:--at' \
    'monitor:--until' \
    'monitor:--secret-env' \
    'monitor:--severity' \
    'monitor:--reason' \
    'env:--venv' \
    'env:--output' 'env:-o' \
    'env:--target' 'env:-t' \
    'env:--stage' \
    'env:--image' \
    'env:--python' \
    'fsck:--repair' \
    'gc:--grace' \
    'gc:--retired-after' \
    'help:--man-pages'

# Sets __mlops_command to the command on the line, __mlops_index to how many of its arguments
# stand before the cursor, __mlops_registry to the options that choose a registry.
function __mlops_read
    set -g __mlops_command
    set -g __mlops_index 0
    set -g __mlops_registry
    set -l option
    set -l ended no
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if test -n "$option"
            contains -- $option -C --directory --registry
            and set -a __mlops_registry $option $word
            set option
        else if test $ended = no -a "$word" = --
            set ended yes
        else if test $ended = no; and string match -q -- '-*' $word
            string match -q -r -- '^--(directory|registry)=' $word
            and set -a __mlops_registry $word
            contains -- "$__mlops_command:$word" $__mlops_valued
            or contains -- "*:$word" $__mlops_valued
            and set option $word
        else if test -z "$__mlops_command"
            set __mlops_command $word
        else
            set __mlops_index (math $__mlops_index + 1)
        end
    end
end

# Is the command still to come?
function __mlops_before
    __mlops_read
    test -z "$__mlops_command"
end

# COMMAND [INDEX]: is it that command, and its argument of that index?
function __mlops_in
    __mlops_read
    test "$__mlops_command" = "$argv[1]"
    and test (count $argv) -lt 2 -o "$__mlops_index" = "$argv[2]"
end

# Candidates of the registry: ref, model or stage.
function __mlops_ask
    __mlops_read
    set -l prefix (commandline -ct | string replace -r -- '^--[^=]*=' '')
    set -l program (commandline -opc)[1]
    $program $__mlops_registry __complete -- $argv[1] "$prefix" 2>/dev/null
end

complete -c mlops -f

complete -c mlops -s C -l directory -x -a '(__fish_complete_directories)' -d 'do as if started in DIR'
complete -c mlops -l registry -x -a '(__fish_complete_directories)' -d 'use the registry R, not the nearest .mlops of this folder and those above'
complete -c mlops -l json -d 'print one JSON document, also for a failure'
complete -c mlops -s q -l quiet -d 'print only what was asked for, and errors'
complete -c mlops -s v -l verbose -d 'print more'
complete -c mlops -l color -x -a 'auto always never' -d 'colour: auto (on terminals), always or never'
complete -c mlops -l lock-timeout -x -d 'how long to wait for others who write, such as 500ms or 2m (default: 30s)'
complete -c mlops -l version -d 'print the version of mlops'
complete -c mlops -s h -l help -d 'print help'

complete -c mlops -n __mlops_before -a init -d 'make a registry, or join a shared one'
complete -c mlops -n '__mlops_in init' -l metadata -x -d 'the database of a shared registry, postgresql://USER@HOST/DATABASE'
complete -c mlops -n '__mlops_in init' -l objects -x -a '(__fish_complete_directories)' -d 'where its objects are: s3://BUCKET/PREFIX; shared, a folder, too'
complete -c mlops -n '__mlops_in init' -l log-key -r -F -d 'the key that signs its log, to record from here'
complete -c mlops -n '__mlops_in init 0' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a package -d 'make a bundle of a project folder, and print its id'
complete -c mlops -n '__mlops_in package' -l register -d 'go on to register it, and print its version too'
complete -c mlops -n '__mlops_in package' -l param -x -d 'a parameter, over what the file says'
complete -c mlops -n '__mlops_in package' -l metric -x -d 'a metric, over what the file says'
complete -c mlops -n '__mlops_in package' -l parent -x -d 'a version that it was made from, such as the one that was retrained'
complete -c mlops -n '__mlops_in package' -s o -l output -r -F -d 'also write it as an archive, as \'mlops export\' does'
complete -c mlops -n '__mlops_in package' -l check -d 'package twice, reading everything anew: both must give the same id'
complete -c mlops -n '__mlops_in package' -l require-clean -d 'refuse (exit 1) where something is not as a commit of git has it'
complete -c mlops -n '__mlops_in package' -l verify-external -d 'fetch data that is at a \'url\' alone: verify it, and describe it'
complete -c mlops -n '__mlops_in package' -l run -x -d 'the run that made it, as its tracker calls it'
complete -c mlops -n '__mlops_in package 0' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a import -d 'take in an archive, or the folder of another tool'
complete -c mlops -n '__mlops_in import' -l register -d 'go on to register it, and print its version too'
complete -c mlops -n '__mlops_in import' -l model -x -a '(__mlops_ask model)' -d 'the model\'s name; else the tool\'s file has it, or DIR is called so'
complete -c mlops -n '__mlops_in import' -l artifact -x -d 'dvc: of GTO\'s artifacts this one alone, as \'models:fraud\''
complete -c mlops -n '__mlops_in import' -l rev -x -d 'dvc: this commit alone, and no versions of GTO'
complete -c mlops -n '__mlops_in import' -l allow-missing -d 'dvc: go without what its cache does not have; the manifest says so'
complete -c mlops -n '__mlops_in import' -l all -d 'FILE is a whole history: to be said where it is standard input'
complete -c mlops -n '__mlops_in import' -l key -x -d 'the key that must have signed the log of a whole history'
complete -c mlops -n '__mlops_in import 0' -F
complete -c mlops -n '__mlops_in import 1' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a register -d 'give a bundle the next version of its model'
complete -c mlops -n '__mlops_in register 0' -F -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a list -d 'list the versions of a model, or of all'
complete -c mlops -n '__mlops_in list' -l where -x -d 'only versions for which it holds'
complete -c mlops -n '__mlops_in list' -l data -x -d 'only versions that used that data, by digest or as a snapshot\'s name'
complete -c mlops -n '__mlops_in list' -l sort -x -d 'by these, the largest first where a - stands before one'
complete -c mlops -n '__mlops_in list' -l limit -x -d 'the first N'
complete -c mlops -n '__mlops_in list' -l deleted -d 'what is in the trash, and can be restored'
complete -c mlops -n '__mlops_in list 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a show -d 'show what a version is made of'
complete -c mlops -n '__mlops_in show' -l graph -d 'instead, what it was made from and what was made from it'
complete -c mlops -n '__mlops_in show' -l dot -d 'the same for Graphviz: mlops ... --dot | dot -Tsvg'
complete -c mlops -n '__mlops_in show' -l bom -d 'print its bill of materials: CycloneDX 1.6, JSON'
complete -c mlops -n '__mlops_in show' -l log -x -d 'print what the suite printed when \'mlops test\' ran it last: its standard output to stdout, its standard error to stderr'
complete -c mlops -n '__mlops_in show' -l predictions -x -d 'print the predictions by which the suite was judged last'
complete -c mlops -n '__mlops_in show 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a log -d 'show what was done, by whom, when and why'
complete -c mlops -n '__mlops_in log' -l stage -x -a '(__mlops_ask stage)' -d 'only what concerns that stage'
complete -c mlops -n '__mlops_in log' -s n -l limit -x -d 'only the newest COUNT entries'
complete -c mlops -n '__mlops_in log' -l graph -d 'instead, the versions and what they were made from'
complete -c mlops -n '__mlops_in log' -l dot -d 'the same for Graphviz: mlops ... --dot | dot -Tsvg'
complete -c mlops -n '__mlops_in log' -l at -x -d 'with --stage: what the stage held then'
complete -c mlops -n '__mlops_in log' -l verify -d 'recompute the hash tree instead, and compare all of the registry with it'
complete -c mlops -n '__mlops_in log' -l checkpoint -d 'print the signed head of the log, to keep'
complete -c mlops -n '__mlops_in log' -l since -r -F -d 'prove that the log begins with what that checkpoint signs (\'-\': stdin)'
complete -c mlops -n '__mlops_in log' -l prove -x -d 'print a proof that entry INDEX is in the log (c2sp.org/tlog-proof)'
complete -c mlops -n '__mlops_in log' -l export -d 'write every entry, and the checkpoint, to stdout'
complete -c mlops -n '__mlops_in log' -l from -r -F -d 'verify that export, or prove out of it, without a registry'
complete -c mlops -n '__mlops_in log' -l key -x -d 'with --from: the key that must have signed it'
complete -c mlops -n '__mlops_in log 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a diff -d 'show what differs between two versions'
complete -c mlops -n '__mlops_in diff' -l stat -d 'leave the lines of the files out'
complete -c mlops -n '__mlops_in diff' -l markdown -d 'as Markdown, for the comment of a pull request'
complete -c mlops -n '__mlops_in diff 0' -a '(__mlops_ask ref)'
complete -c mlops -n '__mlops_in diff 1' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a status -d 'show what runs where'
complete -c mlops -n '__mlops_in status 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a tag -d 'put labels on a version, take them off, or list them'
complete -c mlops -n '__mlops_in tag' -l remove -d 'take the tags off'
complete -c mlops -n '__mlops_in tag 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a events -d 'print what happened as JSON Lines, and wait for more'
complete -c mlops -n '__mlops_in events' -l since -x -d 'from the entry with this index on (default: 0, the first)'
complete -c mlops -n '__mlops_in events' -s f -l follow -d 'wait for what comes'
complete -c mlops -n '__mlops_in events' -l interval -x -d 'how long between looks, with --follow (default: 1s)'
complete -c mlops -n '__mlops_in events 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a checkout -d 'lay the files of a version out in a folder'
complete -c mlops -n '__mlops_in checkout' -l force -d 'lose what was changed in an earlier checkout'
complete -c mlops -n '__mlops_in checkout' -l fetch -d 'bring data with \'copy: false\' too, from its address, verified'
complete -c mlops -n '__mlops_in checkout 0' -a '(__mlops_ask ref)'
complete -c mlops -n '__mlops_in checkout 1' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a export -d 'write a version as one archive, or for another tool'
complete -c mlops -n '__mlops_in export' -l format -x -a 'archive mlflow kitfile' -d 'what to write: archive (a file), mlflow or kitfile (a folder)'
complete -c mlops -n '__mlops_in export' -l all -d 'write all that there is: one FILE, no REF'
complete -c mlops -n '__mlops_in export' -l with-evaluation-sets -d 'with --all: the data of evaluation sets too, and so their labels'
complete -c mlops -n '__mlops_in export 0' -F -a '(__mlops_ask ref)'
complete -c mlops -n '__mlops_in export 1' -F

complete -c mlops -n __mlops_before -a push -d 'send a version to another registry, or an OCI one'
complete -c mlops -n '__mlops_in push' -l force -d 'move a tag that is on another artifact'
complete -c mlops -n '__mlops_in push' -l as -x -a 'artifact image' -d 'artifact (the default), or image: one that runtimes can mount'
complete -c mlops -n '__mlops_in push' -l mount -x -d 'another repository of HOST, to take layers from that it has'
complete -c mlops -n '__mlops_in push' -l ca -r -F -d 'certificates to trust instead of the system\'s, PEM'
complete -c mlops -n '__mlops_in push' -l renumber -d 'REGISTRY: take another number where this one is another bundle\'s'
complete -c mlops -n '__mlops_in push' -l plain-http -d 'without TLS also to other machines: who listens sees credentials and content'
complete -c mlops -n '__mlops_in push 0' -a '(__mlops_ask ref)'
complete -c mlops -n '__mlops_in push 1' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a pull -d 'take a version from another registry, or an OCI one'
complete -c mlops -n '__mlops_in pull' -l ca -r -F -d 'certificates to trust instead of the system\'s, PEM'
complete -c mlops -n '__mlops_in pull' -l renumber -d 'REGISTRY: take another number where this one is another bundle\'s'
complete -c mlops -n '__mlops_in pull' -l plain-http -d 'without TLS also to other machines: who listens sees credentials and content'
complete -c mlops -n '__mlops_in pull 0' -a '(__fish_complete_directories)'
complete -c mlops -n '__mlops_in pull 1' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a scan -d 'look into model artifacts for what runs code or hides'
complete -c mlops -n '__mlops_in scan' -l severity -x -a 'info low medium high critical' -d 'show only findings at least that severe; the verdict stays the same'
complete -c mlops -n '__mlops_in scan' -l sarif -r -F -d 'write all findings as SARIF 2.1.0, too'
complete -c mlops -n '__mlops_in scan' -l accept -x -d 'findings of that rule, in files whose path matches, do not count from now on'
complete -c mlops -n '__mlops_in scan' -l reason -x -d 'why they are accepted'
complete -c mlops -n '__mlops_in scan' -l advisories -r -F -a '(__fish_complete_directories)' -d 'hold the packages that lock files name against these vulnerabilities: a file or folder in the OSV format (MLOPS_ADVISORIES)'
complete -c mlops -n '__mlops_in scan' -l dry-run -d 'record nothing'
complete -c mlops -n '__mlops_in scan' -l rules -d 'list the rules, and scan nothing'
complete -c mlops -n '__mlops_in scan' -F -a '(__mlops_ask ref) (__fish_complete_directories)'

complete -c mlops -n __mlops_before -a test -d 'run the suites of a version and scan it, for the record'
complete -c mlops -n '__mlops_in test' -l suite -x -d 'run only that suite; \'scan\' is the scan'
complete -c mlops -n '__mlops_in test' -l against -x -a '(__mlops_ask ref)' -d 'also compare the performance suites with that version on the same rows: a stage, @3 or any reference, or "production at 99%"'
complete -c mlops -n '__mlops_in test' -s j -l jobs -x -d 'run so many suites at a time; 1 where it is not given'
complete -c mlops -n '__mlops_in test' -l no-cache -d 'run also what has passed before from the same bundle, suite and environment'
complete -c mlops -n '__mlops_in test' -l fetch -d 'bring data with \'copy: false\' for the suites, from its address, verified'
complete -c mlops -n '__mlops_in test' -l allow-flaky -d 'exit 0 also where a suite passed only when it was repeated'
complete -c mlops -n '__mlops_in test' -l sandbox -x -a 'strict auto none' -d 'strict runs nothing unless there is a full one, auto takes the best that there is, none only limits (MLOPS_SANDBOX)'
complete -c mlops -n '__mlops_in test' -l junit -r -F -d 'also write a JUnit XML report'
complete -c mlops -n '__mlops_in test' -l markdown -r -F -d 'also write a summary fit for a pull request'
complete -c mlops -n '__mlops_in test' -l gitlab-metrics -r -F -d 'also write a metrics report of GitLab, in OpenMetrics\' text format'
complete -c mlops -n '__mlops_in test' -l advisories -r -F -a '(__fish_complete_directories)' -d 'hold the packages that lock files name against these vulnerabilities: a file or folder in the OSV format (MLOPS_ADVISORIES)'
complete -c mlops -n '__mlops_in test 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a sign -d 'sign a version, a folder, or an archive'
complete -c mlops -n '__mlops_in sign' -l key -r -F -d 'which of your keys, or a file (default: the only one, or \'default\')'
complete -c mlops -n '__mlops_in sign' -l certificate -r -F -d 'PEM: the key\'s certificate, then those that vouch for it'
complete -c mlops -n '__mlops_in sign' -s o -l output -r -F -d 'write the signature to FILE'
complete -c mlops -n '__mlops_in sign 0' -F -a '(__mlops_ask ref) (__fish_complete_directories)'

complete -c mlops -n __mlops_before -a verify -d 'judge the signatures of a version, a folder, or an archive'
complete -c mlops -n '__mlops_in verify' -l signature -r -F -d 'the signature of PATH (default: PATH/model.sig, or PATH.sig)'
complete -c mlops -n '__mlops_in verify' -l key -r -F -d 'PATH must be signed by that key: a public key\'s file, or one of yours'
complete -c mlops -n '__mlops_in verify' -l roots -r -F -d 'PATH must be signed by a certificate that these vouch for (PEM)'
complete -c mlops -n '__mlops_in verify 0' -F -a '(__mlops_ask ref) (__fish_complete_directories)'

complete -c mlops -n __mlops_before -a policy -d 'say what a stage demands of a version'
complete -c mlops -n '__mlops_in policy' -l default -d 'the policy of models that have none of their own'
complete -c mlops -n '__mlops_in policy' -l inherit -d 'set: the model has none of its own from now on'
complete -c mlops -n '__mlops_in policy' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in policy' -l key -r -F -d 'the releaser\'s key that signs the change'
complete -c mlops -n '__mlops_in policy 0' -a 'set show check history'
complete -c mlops -n '__mlops_in policy 1' -a '(__mlops_ask model)'
complete -c mlops -n '__mlops_in policy 2' -F

complete -c mlops -n __mlops_before -a approve -d 'sign that a version may enter a stage'
complete -c mlops -n '__mlops_in approve' -l for -x -a '(__mlops_ask stage)' -d 'which stage it may enter'
complete -c mlops -n '__mlops_in approve' -l withdraw -d 'take back what you approved before'
complete -c mlops -n '__mlops_in approve' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in approve' -l key -r -F -d 'which of your keys, or a file (default: the only one, or \'default\')'
complete -c mlops -n '__mlops_in approve 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a promote -d 'put a version into a stage, if every gate lets it'
complete -c mlops -n '__mlops_in promote' -l to -x -a '(__mlops_ask stage)' -d 'the stage to put it into'
complete -c mlops -n '__mlops_in promote' -l expect -x -a '(__mlops_ask ref) none' -d 'only if the stage holds that version now; \'none\': only if it is empty'
complete -c mlops -n '__mlops_in promote' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in promote' -l dry-run -d 'judge the gates, move nothing'
complete -c mlops -n '__mlops_in promote' -l emergency -d 'let it in although the gates of --pass refuse'
complete -c mlops -n '__mlops_in promote' -l pass -x -a 'tests metrics thresholds evaluation scan signature approvals rolled-back git lineage environment soak window freeze' -d 'with --emergency: a gate that need not let it in'
complete -c mlops -n '__mlops_in promote' -l key -r -F -d 'with --emergency: the releaser\'s key'
complete -c mlops -n '__mlops_in promote' -l proof -r -F -d 'write the proof that the log has it (c2sp.org/tlog-proof)'
complete -c mlops -n '__mlops_in promote 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a rollback -d 'take a stage back to the version that it held before'
complete -c mlops -n '__mlops_in rollback' -l stage -x -a '(__mlops_ask stage)' -d 'which stage (default: production)'
complete -c mlops -n '__mlops_in rollback' -l to -x -a '(__mlops_ask ref)' -d 'back to that version, which must have been there'
complete -c mlops -n '__mlops_in rollback' -l if-alerting -d 'only if an alert about what it holds is open'
complete -c mlops -n '__mlops_in rollback' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in rollback 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a deploy -d 'make a version live on this host'
complete -c mlops -n '__mlops_in deploy' -s f -l follow -d 'stay at what the stage holds'
complete -c mlops -n '__mlops_in deploy' -l reload -x -d 'make the service take the new files, after each switch'
complete -c mlops -n '__mlops_in deploy' -l health -x -d 'instead of the project file\'s health command; \'\' for none'
complete -c mlops -n '__mlops_in deploy' -l keep -x -d 'releases to keep (default: as the project file says, else 3)'
complete -c mlops -n '__mlops_in deploy' -s n -l dry-run -d 'say what would happen'
complete -c mlops -n '__mlops_in deploy' -l interval -x -d 'how long between looks, with --follow (default: 200ms)'
complete -c mlops -n '__mlops_in deploy' -l status -d 'show what the host runs; needs no registry'
complete -c mlops -n '__mlops_in deploy' -l verify -d 'with --status: read every byte of the live release'
complete -c mlops -n '__mlops_in deploy 0' -a '(__mlops_ask ref) (__fish_complete_directories)'
complete -c mlops -n '__mlops_in deploy 1' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a freeze -d 'let nothing be promoted for a while'
complete -c mlops -n '__mlops_in freeze' -l all -d 'all models, also those that are still to come'
complete -c mlops -n '__mlops_in freeze' -l stage -x -a '(__mlops_ask stage)' -d 'that stage alone (default: all)'
complete -c mlops -n '__mlops_in freeze' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in freeze' -l until -x -d 'when it ends by itself'
complete -c mlops -n '__mlops_in freeze' -l key -r -F -d 'the releaser\'s key that signs the change'
complete -c mlops -n '__mlops_in freeze 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a unfreeze -d 'end a freeze'
complete -c mlops -n '__mlops_in unfreeze' -l all -d 'all models, also those that are still to come'
complete -c mlops -n '__mlops_in unfreeze' -l stage -x -a '(__mlops_ask stage)' -d 'that stage alone (default: all)'
complete -c mlops -n '__mlops_in unfreeze' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in unfreeze' -l key -r -F -d 'the releaser\'s key that signs the change'
complete -c mlops -n '__mlops_in unfreeze 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a retire -d 'take a version out of use for ever'
complete -c mlops -n '__mlops_in retire' -l reason -x -d 'why, for the log and for who finds it later'
complete -c mlops -n '__mlops_in retire 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a delete -d 'put a version into the trash'
complete -c mlops -n '__mlops_in delete' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in delete 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a restore -d 'take a version out of the trash'

complete -c mlops -n __mlops_before -a retrain -d 'train a model anew on what production taught'
complete -c mlops -n '__mlops_in retrain' -l data -r -F -d 'learn from this instead of labelled events'
complete -c mlops -n '__mlops_in retrain' -l since -x -d 'learn from events from this time on (all that are kept)'
complete -c mlops -n '__mlops_in retrain' -l until -x -d 'and before this one (the newest)'
complete -c mlops -n '__mlops_in retrain' -l from -x -a '(__mlops_ask ref)' -d 'take the code of this version'
complete -c mlops -n '__mlops_in retrain' -l stage -x -a '(__mlops_ask stage)' -d 'whose events and code, and where it goes (production)'
complete -c mlops -n '__mlops_in retrain' -l reason -x -d 'for the log'
complete -c mlops -n '__mlops_in retrain' -l no-promote -d 'leave it registered and tested'
complete -c mlops -n '__mlops_in retrain' -l timeout -x -d 'stop training after this long (1d)'
complete -c mlops -n '__mlops_in retrain' -l strict -d 'run nothing without the full sandbox'
complete -c mlops -n '__mlops_in retrain' -l if-due -d 'only where a trigger says so and no limit forbids it; with --decide, at the time that \'decide=TIME\' of the triggers says, and once'
complete -c mlops -n '__mlops_in retrain' -l triggers -x -d 'set them, run nothing; \'\' removes them'
complete -c mlops -n '__mlops_in retrain' -l decide -d 'train nothing: compare the version that waits with the champion, and promote it where that says so'
complete -c mlops -n '__mlops_in retrain' -l runs -d 'show triggers and runs, run nothing'
complete -c mlops -n '__mlops_in retrain 0' -a '(__mlops_ask model)'

complete -c mlops -n __mlops_before -a key -d 'make and show your own signing keys'
complete -c mlops -n '__mlops_in key' -l algorithm -x -a 'p256 p384 p521' -d 'generate: p256 (default), p384 or p521'
complete -c mlops -n '__mlops_in key' -l no-passphrase -d 'generate: do not encrypt it; who can read the file can sign'
complete -c mlops -n '__mlops_in key 0' -a 'generate list show'

complete -c mlops -n __mlops_before -a trust -d 'say whose signatures this registry believes'
complete -c mlops -n '__mlops_in trust' -l role -x -a 'author approver releaser' -d 'add: author, approver or releaser'
complete -c mlops -n '__mlops_in trust' -l owner -x -d 'add: the person whose key it is (default: you)'
complete -c mlops -n '__mlops_in trust' -l expires -x -d 'add: when it ends'
complete -c mlops -n '__mlops_in trust' -l key -r -F -d 'the releaser\'s key that signs the change'
complete -c mlops -n '__mlops_in trust' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in trust 0' -a 'add remove list'
complete -c mlops -n '__mlops_in trust 1' -F

complete -c mlops -n __mlops_before -a data -d 'keep evaluation sets that versions are examined on'
complete -c mlops -n '__mlops_in data' -l label -x -d 'add: a column to withhold; the first is the label'
complete -c mlops -n '__mlops_in data' -l reason -x -d 'why, for the log'
complete -c mlops -n '__mlops_in data 0' -a 'add list show remove'
complete -c mlops -n '__mlops_in data 1' -a '(__mlops_ask model)'
complete -c mlops -n '__mlops_in data 2' -F

complete -c mlops -n __mlops_before -a webhook -d 'tell others by HTTP of what happens here'
complete -c mlops -n '__mlops_in webhook' -l event -x -a 'register promote rollback approve retire policy freeze test' -d 'add: such as promote,rollback'
complete -c mlops -n '__mlops_in webhook' -l secret-env -x -d 'add: the environment variable that has the secret'
complete -c mlops -n '__mlops_in webhook' -s f -l follow -d 'deliver: go on until it is stopped'
complete -c mlops -n '__mlops_in webhook 0' -a 'add list remove deliver'

complete -c mlops -n __mlops_before -a profile -d 'summarise a table'
complete -c mlops -n '__mlops_in profile' -s o -l output -r -F -d 'keep the profile'
complete -c mlops -n '__mlops_in profile' -l table -x -d 'have PostgreSQL compute the profile of this table or view'
complete -c mlops -n '__mlops_in profile' -l stream -d 'read rows on standard input'
complete -c mlops -n '__mlops_in profile' -l schema -r -F -d 'take the types from the columns of another profile'
complete -c mlops -n '__mlops_in profile' -l columns -x -d 'CSV has no header: its columns are called so, by commas'
complete -c mlops -n '__mlops_in profile' -l separator -x -d 'of CSV (default: found out)'
complete -c mlops -n '__mlops_in profile' -l comment -x -d 'pass over lines of CSV that begin with it'
complete -c mlops -n '__mlops_in profile' -l ragged -x -a 'refuse fill skip' -d 'rows of another width: refuse, fill or skip (default: refuse)'
complete -c mlops -n '__mlops_in profile' -F

complete -c mlops -n __mlops_before -a drift -d 'compare a table with the data that a version learnt from'
complete -c mlops -n '__mlops_in drift' -l current -r -F -d 'the table to judge: CSV, JSON Lines, Parquet or npy, or a pattern or folder of many; - for standard input'
complete -c mlops -n '__mlops_in drift' -l data -x -d 'the snapshot to compare with (default: the one with role reference)'
complete -c mlops -n '__mlops_in drift' -l method -x -a 'ks jensen_shannon psi wasserstein total_variation hellinger l_infinity energy cramer_von_mises anderson_darling chi_square g z fisher' -d 'how numeric columns are compared (default: ks; docs/drift.md), or one column of any kind'
complete -c mlops -n '__mlops_in drift' -l categorical-method -x -a 'jensen_shannon psi total_variation hellinger l_infinity chi_square g z fisher' -d 'how categorical columns are compared (default: jensen_shannon)'
complete -c mlops -n '__mlops_in drift' -l threshold -x -d 'drift above this statistic (default: each method\'s own)'
complete -c mlops -n '__mlops_in drift' -l any-effect -d 'let noise alone set the thresholds, however small the effect'
complete -c mlops -n '__mlops_in drift' -l far -x -d 'how often a table without drift may raise an alarm (default: 1%)'
complete -c mlops -n '__mlops_in drift' -l time -x -d 'column of times that drift is dated by (default: the snapshot\'s)'
complete -c mlops -n '__mlops_in drift' -l segment -x -d 'say which values of COLUMN carry the drift'
complete -c mlops -n '__mlops_in drift' -l season -x -a 'hour weekday' -d 'hold rows against rows of the same hour or weekday'
complete -c mlops -n '__mlops_in drift' -l exact -d 'keep all values of both tables instead of sketches'
complete -c mlops -n '__mlops_in drift' -l columns -x -d 'CSV has no header: its columns are called so, by commas'
complete -c mlops -n '__mlops_in drift' -l separator -x -d 'of CSV (default: the snapshot\'s, else found out)'
complete -c mlops -n '__mlops_in drift' -l comment -x -d 'pass over lines of CSV that begin with it'
complete -c mlops -n '__mlops_in drift' -l ragged -x -a 'refuse fill skip' -d 'rows of another width: refuse, fill or skip (default: the snapshot\'s)'
complete -c mlops -n '__mlops_in drift' -l html -r -F -d 'write a report with pictures, one file that needs nothing else'
complete -c mlops -n '__mlops_in drift' -l markdown -r -F -d 'write the report as Markdown'
complete -c mlops -n '__mlops_in drift' -l svg -x -d 'print a picture of one column instead of the table'
complete -c mlops -n '__mlops_in drift 0' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a monitor -d 'watch a model in production'
complete -c mlops -n '__mlops_in monitor' -l follow -d 'ingest: go on when FILE ends, and when it is rotated'
complete -c mlops -n '__mlops_in monitor' -l listen -x -d 'ingest: serve unix:PATH, PORT (of loopback) or ADDRESS:PORT; watch: the same for /metrics'
complete -c mlops -n '__mlops_in monitor' -l events -x -d 'watch: take events from unix:PATH, PORT or ADDRESS:PORT'
complete -c mlops -n '__mlops_in monitor' -l tick -x -d 'watch: judge the rules this often (10s)'
complete -c mlops -n '__mlops_in monitor' -l replay -d 'watch: judge as of the newest event, not of the clock'
complete -c mlops -n '__mlops_in monitor' -l auto-rollback -d 'watch: roll back when a critical alert is open about what was promoted'
complete -c mlops -n '__mlops_in monitor' -l auto-retrain -d 'watch: retrain, and compare what waits, where the triggers of \'retrain\' say so'
complete -c mlops -n '__mlops_in monitor' -l dead-letter -r -F -d 'ingest: where lines go that are not counted'
complete -c mlops -n '__mlops_in monitor' -l lateness -x -d 'ingest: count events that are this much older than the newest (7d)'
complete -c mlops -n '__mlops_in monitor' -l keep-raw -x -d 'ingest: keep the lines themselves this long (30d)'
complete -c mlops -n '__mlops_in monitor' -l keep-minutes -x -d 'ingest: keep windows of a minute this long (2d)'
complete -c mlops -n '__mlops_in monitor' -l version -x -d 'ingest: that of events that do not say; status: this one alone; compare: the challenger'
complete -c mlops -n '__mlops_in monitor' -l since -x -d 'status, export, business show, compare: from this time on, or this long before the newest event (1h, 1d, 90d)'
complete -c mlops -n '__mlops_in monitor' -l lags -x -d 'business show: how long after a measure a series may follow it (7)'
complete -c mlops -n '__mlops_in monitor' -l format -x -a 'openmetrics grafana csv json' -d 'export: this instead of OpenMetrics'
complete -c mlops -n '__mlops_in monitor' -l stage -x -a '(__mlops_ask stage)' -d 'status, business show: events of this stage alone; compare: the champion\'s'
complete -c mlops -n '__mlops_in monitor' -l segment -x -d 'status: events of this segment alone'
complete -c mlops -n '__mlops_in monitor' -l by-segment -d 'status, compare: each segment apart'
complete -c mlops -n '__mlops_in monitor' -l by -x -a 'accuracy recall fpr auc cost' -d 'compare: what decides (cost where it is known, else auc, else accuracy)'
complete -c mlops -n '__mlops_in monitor' -l record -d 'compare: leave it as evidence for a policy\'s \'challenge\''
complete -c mlops -n '__mlops_in monitor' -l margin -x -d 'compare: by how much the challenger may be worse'
complete -c mlops -n '__mlops_in monitor' -l at -x -d 'check: as of this time (now)'
complete -c mlops -n '__mlops_in monitor' -l all -d 'alerts, silence list: those that are over, too'
complete -c mlops -n '__mlops_in monitor' -l until -x -d 'silence add: a time, or this long from now'
complete -c mlops -n '__mlops_in monitor' -l secret-env -x -d 'notify add: the environment variable that has the channel\'s secret'
complete -c mlops -n '__mlops_in monitor' -l severity -x -a 'info warning critical' -d 'notify add: tell of this and above (info)'
complete -c mlops -n '__mlops_in monitor' -l reason -x -d 'silence add: why'
complete -c mlops -n '__mlops_in monitor 0' -a 'ingest label status check alerts rule export silence notify watch business compare'
complete -c mlops -n '__mlops_in monitor 1' -a '(__mlops_ask model)'
complete -c mlops -n '__mlops_in monitor' -F

complete -c mlops -n __mlops_before -a sandbox -d 'find out how far suites are kept apart on this machine'
complete -c mlops -n '__mlops_in sandbox 0' -a 'check'

complete -c mlops -n __mlops_before -a env -d 'record environments, and compare them'
complete -c mlops -n '__mlops_in env' -l venv -x -a '(__fish_complete_directories)' -d 'capture, check: the virtual or conda environment to read'
complete -c mlops -n '__mlops_in env' -s o -l output -r -F -d 'capture, render: write to FILE'
complete -c mlops -n '__mlops_in env' -l captured -d 'check: against the environment that was captured, not the lock file'
complete -c mlops -n '__mlops_in env' -l all -d 'check: as --captured, with system packages, processor and GPU driver'
complete -c mlops -n '__mlops_in env' -l allow-extra -d 'check: what is there beyond the need is fine'
complete -c mlops -n '__mlops_in env' -s t -l target -x -a 'requirements conda containerfile kubernetes compose' -d 'render: requirements, conda, containerfile, kubernetes or compose'
complete -c mlops -n '__mlops_in env' -l stage -x -a '(__mlops_ask stage)' -d 'render: with what the project file says of STAGE'
complete -c mlops -n '__mlops_in env' -l image -x -d 'render: NAME@sha256:DIGEST to build on, or to run'
complete -c mlops -n '__mlops_in env' -l python -x -d 'render conda: the interpreter (default: the captured one\'s)'
complete -c mlops -n '__mlops_in env' -l allow-unpinned -d 'render: mark what is not pinned, and do not refuse it'
complete -c mlops -n '__mlops_in env 0' -a 'capture check diff render'
complete -c mlops -n '__mlops_in env 1' -a '(__mlops_ask ref)'
complete -c mlops -n '__mlops_in env 2' -a '(__mlops_ask ref)'

complete -c mlops -n __mlops_before -a fsck -d 'check that everything in the registry is sound'
complete -c mlops -n '__mlops_in fsck' -l quick -d 'look at structure only: do not read the content of objects'
complete -c mlops -n '__mlops_in fsck' -l repair -r -F -a '(__fish_complete_directories)' -d 'first get what is damaged or missing from this copy, a folder, archive or registry'

complete -c mlops -n __mlops_before -a config -d 'show and change settings, with where each comes from'
complete -c mlops -n '__mlops_in config' -l in-registry -d 'set, unset: in the registry\'s file, for all who use it'
complete -c mlops -n '__mlops_in config 0' -a 'list get set unset'
complete -c mlops -n '__mlops_in config 1' -a 'registry actor lock-timeout color pager keys advisories threads'

complete -c mlops -n __mlops_before -a doctor -d 'say what is missing on this machine, and what to do'

complete -c mlops -n __mlops_before -a stats -d 'show how much the registry holds, and what that takes'

complete -c mlops -n __mlops_before -a gc -d 'remove what no bundle needs any more'
complete -c mlops -n '__mlops_in gc' -l grace -x -d 'how old it must be (default: 24h; 0 for nothing)'
complete -c mlops -n '__mlops_in gc' -l retired-after -x -d 'also the files of versions that were retired that long ago'
complete -c mlops -n '__mlops_in gc' -l dry-run -d 'say what would go, and change nothing'

complete -c mlops -n __mlops_before -a registry -d 'say who may do what in a registry, or move it elsewhere'
complete -c mlops -n '__mlops_in registry 0' -a 'grant revoke show copy'
complete -c mlops -n '__mlops_in registry 1' -a 'reader author releaser admin'
complete -c mlops -n '__mlops_in registry 2' -a '(__fish_complete_directories)'

complete -c mlops -n __mlops_before -a help -d 'explain a command, or list them all'
complete -c mlops -n '__mlops_in help' -l man-pages -x -a '(__fish_complete_directories)' -d 'write the manual pages of all commands into DIR instead'
complete -c mlops -n '__mlops_in help 0' -a 'init package import register list show log diff status tag events checkout export push pull scan test sign verify policy approve promote rollback deploy freeze unfreeze retire delete restore retrain key trust data webhook profile drift monitor sandbox env fsck config doctor stats gc registry help completion version'

complete -c mlops -n __mlops_before -a completion -d 'print the completions for bash, zsh or fish'
complete -c mlops -n '__mlops_in completion 0' -a 'bash zsh fish'

complete -c mlops -n __mlops_before -a version -d 'print the version of mlops'
