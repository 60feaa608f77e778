# bash completion for mlops, written by 'mlops completion bash'

_mlops_commands='init package import register list show log diff status tag events checkout export push pull scan test sign verify policy approve promote rollback deploy freeze unfreeze retire delete restore retrain key trust data webhook profile drift monitor sandbox env fsck config doctor stats gc registry help completion version'

# COMMAND OPTION: sets $sources for its argument; fails where it takes none.
_mlops_option() {
    sources=()
    case $1:$2 in
    init:--metadata) sources=() ;;
    init:--objects) sources=(directory) ;;
    init:--log-key) sources=(file) ;;
    package:--param) sources=() ;;
    package:--metric) sources=() ;;
    package:--parent) sources=() ;;
    package:--output | package:-o) sources=(file) ;;
    package:--run) sources=() ;;
    import:--model) sources=(model) ;;
    import:--artifact) sources=() ;;
    import:--rev) sources=() ;;
    import:--key) sources=() ;;
    list:--where) sources=() ;;
    list:--data) sources=() ;;
    list:--sort) sources=() ;;
    list:--limit) sources=() ;;
    show:--log) sources=() ;;
    show:--predictions) sources=() ;;
    log:--stage) sources=(stage) ;;
    log:--limit | log:-n) sources=() ;;
    log:--at) sources=() ;;
    log:--since) sources=(file) ;;
    log:--prove) sources=() ;;
    log:--from) sources=(file) ;;
    log:--key) sources=() ;;
    events:--since) sources=() ;;
    events:--interval) sources=() ;;
    export:--format) sources=(+archive +mlflow +kitfile) ;;
    push:--as) sources=(+artifact +image) ;;
    push:--mount) sources=() ;;
    push:--ca) sources=(file) ;;
    pull:--ca) sources=(file) ;;
    scan:--severity) sources=(+info +low +medium +high +critical) ;;
    scan:--sarif) sources=(file) ;;
    scan:--accept) sources=() ;;
    scan:--reason) sources=() ;;
    scan:--advisories) sources=(file directory) ;;
    test:--suite) sources=() ;;
    test:--against) sources=(ref) ;;
    test:--jobs | test:-j) sources=() ;;
    test:--sandbox) sources=(+strict +auto +none) ;;
    test:--junit) sources=(file) ;;
    test:--markdown) sources=(file) ;;
    test:--gitlab-metrics) sources=(file) ;;
    test:--advisories) sources=(file directory) ;;
    sign:--key) sources=(file) ;;
    sign:--certificate) sources=(file) ;;
    sign:--output | sign:-o) sources=(file) ;;
    verify:--signature) sources=(file) ;;
    verify:--key) sources=(file) ;;
    verify:--roots) sources=(file) ;;
    policy:--reason) sources=() ;;
    policy:--key) sources=(file) ;;
    approve:--for) sources=(stage) ;;
    approve:--reason) sources=() ;;
    approve:--key) sources=(file) ;;
    promote:--to) sources=(stage) ;;
    promote:--expect) sources=(ref +none) ;;
    promote:--reason) sources=() ;;
    promote:--pass) sources=(+tests +metrics +thresholds +evaluation +scan +signature +approvals +rolled-back +git +lineage +environment +soak +window +freeze) ;;
    promote:--key) sources=(file) ;;
    promote:--proof) sources=(file) ;;
    rollback:--stage) sources=(stage) ;;
    rollback:--to) sources=(ref) ;;
    rollback:--reason) sources=() ;;
    deploy:--reload) sources=() ;;
    deploy:--health) sources=() ;;
    deploy:--keep) sources=() ;;
    deploy:--interval) sources=() ;;
    freeze:--stage) sources=(stage) ;;
    freeze:--reason) sources=() ;;
    freeze:--until) sources=() ;;
    freeze:--key) sources=(file) ;;
    unfreeze:--stage) sources=(stage) ;;
    unfreeze:--reason) sources=() ;;
    unfreeze:--key) sources=(file) ;;
    retire:--reason) sources=() ;;
    delete:--reason) sources=() ;;
    retrain:--data) sources=(file) ;;
    retrain:--since) sources=() ;;
    retrain:--until) sources=() ;;
    retrain:--from) sources=(ref) ;;
    retrain:--stage) sources=(stage) ;;
    retrain:--reason) sources=() ;;
    retrain:--timeout) sources=() ;;
    retrain:--triggers) sources=() ;;
    key:--algorithm) sources=(+p256 +p384 +p521) ;;
    trust:--role) sources=(+author +approver +releaser) ;;
    trust:--owner) sources=() ;;
    trust:--expires) sources=() ;;
    trust:--key) sources=(file) ;;
    trust:--reason) sources=() ;;
    data:--label) sources=() ;;
    data:--reason) sources=() ;;
    webhook:--event) sources=(+register +promote +rollback +approve +retire +policy +freeze +test) ;;
    webhook:--secret-env) sources=() ;;
    profile:--output | profile:-o) sources=(file) ;;
    profile:--table) sources=() ;;
    profile:--schema) sources=(file) ;;
    profile:--columns) sources=() ;;
    profile:--separator) sources=() ;;
    profile:--comment) sources=() ;;
    profile:--ragged) sources=(+refuse +fill +skip) ;;
    drift:--current) sources=(file) ;;
    drift:--data) sources=() ;;
    drift:--method) sources=(+ks +jensen_shannon +psi +wasserstein +total_variation +hellinger +l_infinity +energy +cramer_von_mises +anderson_darling +chi_square +g +z +fisher) ;;
    drift:--categorical-method) sources=(+jensen_shannon +psi +total_variation +hellinger +l_infinity +chi_square +g +z +fisher) ;;
    drift:--threshold) sources=() ;;
    drift:--far) sources=() ;;
    drift:--time) sources=() ;;
    drift:--segment) sources=() ;;
    drift:--season) sources=(+hour +weekday) ;;
    drift:--columns) sources=() ;;
    drift:--separator) sources=() ;;
    drift:--comment) sources=() ;;
    drift:--ragged) sources=(+refuse +fill +skip) ;;
    drift:--html) sources=(file) ;;
    drift:--markdown) sources=(file) ;;
    drift:--svg) sources=() ;;
    monitor:--listen) sources=() ;;
    monitor:--events) sources=() ;;
    monitor:--tick) sources=() ;;
    monitor:--dead-letter) sources=(file) ;;
    monitor:--lateness) sources=() ;;
    monitor:--keep-raw) sources=() ;;
    monitor:--keep-minutes) sources=() ;;
    monitor:--version) sources=() ;;
    monitor:--since) sources=() ;;
    monitor:--lags) sources=() ;;
    monitor:--format) sources=(+openmetrics +grafana +csv +json) ;;
    monitor:--stage) sources=(stage) ;;
    monitor:--segment) sources=() ;;
    monitor:--by) sources=(+accuracy +recall +fpr +auc +cost) ;;
    monitor:--margin) sources=() ;;
    monitor:--at) sources=() ;;
    monitor:--until) sources=() ;;
    monitor:--secret-env) sources=() ;;
    monitor:--severity) sources=(+info +warning +critical) ;;
    monitor:--reason) sources=() ;;
    env:--venv) sources=(directory) ;;
    env:--output | env:-o) sources=(file) ;;
    env:--target | env:-t) sources=(+requirements +conda +containerfile +kubernetes +compose) ;;
    env:--stage) sources=(stage) ;;
    env:--image) sources=() ;;
    env:--python) sources=() ;;
    fsck:--repair) sources=(file directory) ;;
    gc:--grace) sources=() ;;
    gc:--retired-after) sources=() ;;
    help:--man-pages) sources=(directory) ;;
    *:--directory | *:-C) sources=(directory) ;;
    *:--registry) sources=(directory) ;;
    *:--color) sources=(+auto +always +never) ;;
    *:--lock-timeout) sources=() ;;
    *) return 1 ;;
    esac
}

# COMMAND INDEX: sets $sources for its argument of that index, from 0.
_mlops_argument() {
    sources=()
    case $1:$2 in
    init:0) sources=(directory) ;;
    package:0) sources=(directory) ;;
    import:0) sources=(file) ;;
    import:1) sources=(directory) ;;
    register:0) sources=(file directory) ;;
    list:0) sources=(model) ;;
    show:0) sources=(ref) ;;
    log:0) sources=(ref) ;;
    diff:0) sources=(ref) ;;
    diff:1) sources=(ref) ;;
    status:0) sources=(model) ;;
    tag:0) sources=(ref) ;;
    tag:*) sources=() ;;
    events:0) sources=(model) ;;
    checkout:0) sources=(ref) ;;
    checkout:1) sources=(directory) ;;
    export:0) sources=(ref file) ;;
    export:1) sources=(file) ;;
    push:0) sources=(ref) ;;
    push:1) sources=(directory) ;;
    pull:0) sources=(directory) ;;
    pull:1) sources=(model) ;;
    scan:*) sources=(ref file directory) ;;
    test:0) sources=(ref) ;;
    sign:0) sources=(ref file directory) ;;
    verify:0) sources=(ref file directory) ;;
    policy:0) sources=(+set +show +check +history) ;;
    policy:1) sources=(model) ;;
    policy:2) sources=(file) ;;
    approve:0) sources=(ref) ;;
    promote:0) sources=(ref) ;;
    rollback:0) sources=(model) ;;
    deploy:0) sources=(ref directory) ;;
    deploy:1) sources=(directory) ;;
    freeze:0) sources=(model) ;;
    unfreeze:0) sources=(model) ;;
    retire:0) sources=(ref) ;;
    delete:0) sources=(ref) ;;
    retrain:0) sources=(model) ;;
    key:0) sources=(+generate +list +show) ;;
    trust:0) sources=(+add +remove +list) ;;
    trust:1) sources=(file) ;;
    data:0) sources=(+add +list +show +remove) ;;
    data:1) sources=(model) ;;
    data:2) sources=(file) ;;
    webhook:0) sources=(+add +list +remove +deliver) ;;
    profile:*) sources=(file) ;;
    drift:0) sources=(ref) ;;
    monitor:0) sources=(+ingest +label +status +check +alerts +rule +export +silence +notify +watch +business +compare) ;;
    monitor:1) sources=(model) ;;
    monitor:*) sources=(file) ;;
    sandbox:0) sources=(+check) ;;
    env:0) sources=(+capture +check +diff +render) ;;
    env:1) sources=(ref) ;;
    env:2) sources=(ref) ;;
    config:0) sources=(+list +get +set +unset) ;;
    config:1) sources=(+registry +actor +lock-timeout +color +pager +keys +advisories +threads) ;;
    registry:0) sources=(+grant +revoke +show +copy) ;;
    registry:1) sources=(+reader +author +releaser +admin) ;;
    registry:2) sources=(directory) ;;
    help:0) sources=(command) ;;
    completion:0) sources=(+bash +zsh +fish) ;;
    *) return 1 ;;
    esac
}

# COMMAND: sets $sources to the options that may stand there.
_mlops_options() {
    case $1 in
    init) sources=(--metadata --objects --log-key) ;;
    package) sources=(--register --param --metric --parent --output --check --require-clean --verify-external --run) ;;
    import) sources=(--register --model --artifact --rev --allow-missing --all --key) ;;
    list) sources=(--where --data --sort --limit --deleted) ;;
    show) sources=(--graph --dot --bom --log --predictions) ;;
    log) sources=(--stage --limit --graph --dot --at --verify --checkpoint --since --prove --export --from --key) ;;
    diff) sources=(--stat --markdown) ;;
    tag) sources=(--remove) ;;
    events) sources=(--since --follow --interval) ;;
    checkout) sources=(--force --fetch) ;;
    export) sources=(--format --all --with-evaluation-sets) ;;
    push) sources=(--force --as --mount --ca --renumber --plain-http) ;;
    pull) sources=(--ca --renumber --plain-http) ;;
    scan) sources=(--severity --sarif --accept --reason --advisories --dry-run --rules) ;;
    test) sources=(--suite --against --jobs --no-cache --fetch --allow-flaky --sandbox --junit --markdown --gitlab-metrics --advisories) ;;
    sign) sources=(--key --certificate --output) ;;
    verify) sources=(--signature --key --roots) ;;
    policy) sources=(--default --inherit --reason --key) ;;
    approve) sources=(--for --withdraw --reason --key) ;;
    promote) sources=(--to --expect --reason --dry-run --emergency --pass --key --proof) ;;
    rollback) sources=(--stage --to --if-alerting --reason) ;;
    deploy) sources=(--follow --reload --health --keep --dry-run --interval --status --verify) ;;
    freeze) sources=(--all --stage --reason --until --key) ;;
    unfreeze) sources=(--all --stage --reason --key) ;;
    retire) sources=(--reason) ;;
    delete) sources=(--reason) ;;
    retrain) sources=(--data --since --until --from --stage --reason --no-promote --timeout --strict --if-due --triggers --decide --runs) ;;
    key) sources=(--algorithm --no-passphrase) ;;
    trust) sources=(--role --owner --expires --key --reason) ;;
    data) sources=(--label --reason) ;;
    webhook) sources=(--event --secret-env --follow) ;;
    profile) sources=(--output --table --stream --schema --columns --separator --comment --ragged) ;;
    drift) sources=(--current --data --method --categorical-method --threshold --any-effect --far --time --segment --season --exact --columns --separator --comment --ragged --html --markdown --svg) ;;
    monitor) sources=(--follow --listen --events --tick --replay --auto-rollback --auto-retrain --dead-letter --lateness --keep-raw --keep-minutes --version --since --lags --format --stage --segment --by-segment --by --record --margin --at --all --until --secret-env --severity --reason) ;;
    env) sources=(--venv --output --captured --all --allow-extra --target --stage --image --python --allow-unpinned) ;;
    fsck) sources=(--quick --repair) ;;
    config) sources=(--in-registry) ;;
    gc) sources=(--grace --retired-after --dry-run) ;;
    help) sources=(--man-pages) ;;
    *) sources=() ;;
    esac
    sources+=(--directory --registry --json --quiet --verbose --color --lock-timeout --version --help)
}

# The words up to the cursor, whole.
_mlops_words() {
    local rest=$COMP_LINE i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if [[ $i -eq 0 || $rest == [[:space:]]* ]]; then
            words+=("${COMP_WORDS[i]}")
        else
            words[${#words[@]} - 1]+=${COMP_WORDS[i]}
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"${COMP_WORDS[i]}"}
    done
}

# Candidates for $cur from the given sources.
_mlops_fill() {
    local source lead='' break
    local -a found=()
    for source in "$@"; do
        case $source in
        +*) mapfile -t -O ${#found[@]} found < <(compgen -W "${source#+}" -- "$cur") ;;
        file)
            compopt -o filenames 2>/dev/null
            mapfile -t -O ${#found[@]} found < <(compgen -f -- "$cur")
            ;;
        directory)
            compopt -o filenames 2>/dev/null
            mapfile -t -O ${#found[@]} found < <(compgen -d -- "$cur")
            ;;
        command) mapfile -t -O ${#found[@]} found < <(compgen -W "$_mlops_commands" -- "$cur") ;;
        *)
            mapfile -t -O ${#found[@]} found < <(
                "${words[0]}" "${registry[@]}" __complete -- "$source" "$cur" 2>/dev/null
            )
            ;;
        esac
    done
    # A word of bash's own begins after ':' and '=', and at '@'.
    for break in @ : =; do
        if [[ $COMP_WORDBREAKS == *"$break"* && $cur == *"$break"* ]]; then
            source=${cur%"${cur##*"$break"}"}
            [[ $break == @ ]] && source=${source%@}
            ((${#source} > ${#lead})) && lead=$source
        fi
    done
    COMPREPLY=("${found[@]#"$lead"}")
}

_mlops() {
    local cur command='' pending='' ended='' index=0 i word
    local -a words registry=() sources=()
    COMPREPLY=()
    _mlops_words
    local last=$((${#words[@]} - 1))
    cur=${words[last]}
    for ((i = 1; i < last; i++)); do
        word=${words[i]}
        if [[ -z $ended && $word == -- ]]; then
            ended=yes
        elif [[ -z $ended && $word == -* ]]; then
            [[ $word == --directory=* || $word == --registry=* ]] && registry+=("$word")
            _mlops_option "$command" "$word" || continue
            pending=$word
            ((++i < last)) || break
            pending=
            case $word in
            -C | --directory | --registry) registry+=("$word" "${words[i]}") ;;
            esac
        elif [[ -z $command ]]; then
            command=$word
        else
            ((++index))
        fi
    done
    if [[ -n $pending ]]; then
        _mlops_option "$command" "$pending" && _mlops_fill "${sources[@]}"
    elif [[ -z $ended && $cur == --*=* ]]; then
        _mlops_option "$command" "${cur%%=*}" || return 0
        cur=${cur#*=}
        _mlops_fill "${sources[@]}"
    elif [[ -z $ended && $cur == -* ]]; then
        _mlops_options "$command"
        mapfile -t COMPREPLY < <(compgen -W "${sources[*]}" -- "$cur")
    elif [[ -z $command ]]; then
        _mlops_fill command
    else
        _mlops_argument "$command" "$index" && _mlops_fill "${sources[@]}"
    fi
    return 0
}

complete -F _mlops mlops
