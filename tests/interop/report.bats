#!/usr/bin/env bats
# The report of drift as a real browser shows it: Chromium, light and dark, wide and narrow, on paper,
# with its titles clicked. Skipped where there is no Chromium (Debian: chromium-headless-shell).
load ../cli/common

browser=$(command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome || true)

setup_file() {
    [ -n "$browser" ] || return 0
    PATH="$(dirname "$MLOPS"):$PATH"
    cd "$BATS_FILE_TMPDIR"
    given_wide 40 c '<i>category</i> of a rather long name'
    sed -i '1s/,c_7,/,<b>a_column_whose_name_is_longer_than_any_screen_of_a_telephone_7,/' w/train.csv
    awk -F , -v OFS=, 'NR > 200 {for (c = 3; c <= NF; c++) if (c % 8 == 4) $c += 9 + c} 1' w/train.csv > now.csv
    mlops -q init
    mlops -q register w
    mlops drift wide@1 --current now.csv --segment shop --html report.html > /dev/null || [ $? -eq 1 ]
}

setup() {
    [ -n "$browser" ] || skip "no Chromium on this machine"
    cli_setup
    cp "$BATS_FILE_TMPDIR/report.html" .
}

chromium() {
    timeout 300 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --user-data-dir="$BATS_FILE_TMPDIR/chromium" "$@" 2>/dev/null
}

# What a script says of the page: look SCRIPT [OPTION...]. The script's `say` is what comes out.
look() {
    local script=$1
    shift
    { cat report.html; printf '<pre id="said"></pre><script>function say(x) {said.textContent += JSON.stringify(x)}\n%s</script>' "$script"; } > looked.html
    chromium "$@" --dump-dom "file://$PWD/looked.html" | sed -n 's/.*<pre id="said">\(.*\)<\/pre>.*/\1/p'
}

# The least contrast of text with what it stands on (WCAG 2.1), and the ground.
contrast='function light(c) {return c.match(/[\d.]+/g).slice(0, 3).map(v => {v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4})
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)}
    let ground = getComputedStyle(document.body).backgroundColor, least = 99
    for (let e of document.querySelectorAll("td, th, small, p, h1, .drift, .ok")) {
        let pair = [light(getComputedStyle(e).color), light(ground)].sort((a, b) => b - a)
        least = Math.min(least, (pair[0] + .05) / (pair[1] + .05))
    }
    say([ground, least])'

@test "text is read with ease, light and dark" {
    run look "$contrast"
    jq -e '.[0] == "rgb(255, 255, 255)" and .[1] >= 4.5' <<<"$output"
    run look "$contrast" --blink-settings=preferredColorScheme=0
    jq -e '.[0] == "rgb(20, 24, 29)" and .[1] >= 4.5' <<<"$output"
}

@test "nothing reaches beyond the window, wide or narrow" {
    for width in 1300 780 500; do
        run look 'say([document.documentElement.scrollWidth, innerWidth])' --window-size=$width,900
        jq -e '.[0] <= .[1]' <<<"$output"
    done
}

@test "titles sort, by mouse and key, and columns are found" {
    run look 'let names = () => Array.from(document.querySelectorAll("#columns tbody tr:not(.away)")).map(r => r.cells[0].dataset.v),
            values = at => Array.from(document.querySelectorAll("#columns tbody tr")).map(r => +r.cells[at].dataset.v),
            titles = document.querySelectorAll("#columns th"), said = {rows: names().length}
        titles[0].click(); said.up = names()
        titles[0].dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"})); said.down = names()
        titles[2].click(); said.statistics = values(2); said.sorted = titles[2].getAttribute("aria-sort")
        let find = document.querySelector("[type=search]"), only = document.querySelector("[type=checkbox]")
        find.value = "TELEPHONE"; find.oninput(); said.found = names()
        find.value = ""; only.checked = true; only.onchange(); said.drifted = names().length
        said.marked = document.querySelectorAll("#columns td.drift").length
        said.markup = document.querySelectorAll("#columns i, #columns td b b").length
        said.fetched = performance.getEntriesByType("resource").length
        say(said)'
    # the text of the page is escaped twice: by JSON and by HTML
    sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' <<<"$output" > said.json
    jq -e '.rows == 41 and (.up | length) == 41 and .up == (.down | reverse) and .up[0] != .down[0]' said.json
    jq -e '.sorted == "descending" and .statistics == (.statistics | sort | reverse)' said.json
    jq -e '.found == ["<b>a_column_whose_name_is_longer_than_any_screen_of_a_telephone_7"]' said.json
    jq -e '.drifted == .marked and .marked > 0 and .marked < 41' said.json
    jq -e '.markup == 0 and .fetched == 0' said.json # what the table holds is no markup
}

@test "on paper it is light, without its tools, on pages of the paper's width" {
    chromium --blink-settings=preferredColorScheme=0 --no-pdf-header-footer --print-to-pdf=r.pdf "file://$PWD/report.html"
    [ "$(head -c 5 r.pdf)" = %PDF- ]
    pages=$(grep -ac '/Type */Page$\|/Type */Page[^s]' r.pdf)
    [ "$pages" -ge 4 ] && [ "$pages" -le 30 ]
    # the rules for paper on a screen as wide as it
    sed -i 's/@media print{/@media all{/; s/@media screen[^{]*{/@media not all{/g' report.html
    run look 'say([getComputedStyle(document.body).backgroundColor, getComputedStyle(tools).display,
        document.documentElement.scrollWidth <= innerWidth])' --window-size=718,1000
    [ "$output" = '["rgb(255, 255, 255)","none",true]' ]
}
