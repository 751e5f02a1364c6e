"""Where in a shell line an expression stands: each ``@`` of a line is one."""

import pytest

from orchestrator.expressions.shell.places import places
from orchestrator.expressions.shell.quoting import HOLE, Quoting

LETTERS = {Quoting.BARE: "b", Quoting.DOUBLE: "d", Quoting.SINGLE: "s", Quoting.NUMBER: "n", None: "-"}

#: A line, and for each expression in it: bare, in double or single quotes, a number, or nowhere.
STANDS = {
    "echo @ --date=@ @@": "bbbb",
    "echo \"@\" '@' \"a'@'\" 'a\"@\"'": "dsds",
    'echo "a\\"@" \\"@ "\\\\@" \\\\@': "dbdb",
    "x=@ y=\"@\" env z='@' ls > @ 2>&1 < @": "bdsbb",
    "cat a | grep @ && true || echo @; (cd @; ls) & wait": "bbb",
    'echo "$(date -d @)" "$(echo "$(cat "@")" \'@\')" $(ls @)': "bdsb",
    'echo $((1 + @)) "$((@ * (2 + @)))" $(( $(cat @) + 1 ))': "nnnb",
    "echo $HOME@ ${x}@ $1@ \"$x@\" $$@ $#@ '$'@": "bbbdbbb",
    "echo ${x:-$(cat @)} \"${x:-$(cat '@')}\"": "bs",
    "for i in @ b; do echo \"$i\" '@'; done": "bs",
    "case @ in a|@) echo @;; (*) ls \"@\";; esac; echo '@'": "bbbds",
    'x="$(case $y in a) echo ")" ;; b) echo \'@\';; esac)" "@"': "sd",
    "x=$(case y in esac) @": "b",
    "echo case $(echo in x) @": "b",
    "$(case x in x) if true; then case y in y) echo @;; esac; fi;; esac) '@'": "bs",
    'f() { echo "@"; }; g () ( ls @ ); function h { case x in x) ls @;; esac; }': "dbb",
    "if [ \"@\" = '@' ]; then echo @; elif ! test @; then :; fi": "dsbb",
    "while read x; do echo @; done < '@'": "bs",
    "cat <<EOF @\nit's $x\nEOF\necho '@'": "bs",
    "cat <<'E F' <<-B\n$(\nE F\n\t'\n\tB\necho \"@\"": "d",
    "cat <<EOF\na\\\nEOF\nEOF\necho @": "b",
    'cat <<EOF\n{\n  "a": "$(date)"\n}\nEOF\necho \'@\'': "s",
    "x=$(cat <<EOF\nit's\nEOF\n) '@'": "s",
    "(cat <<EOF)\nit's\nEOF\necho '@'": "s",
    "# it's\necho '@' # don't\necho '@'": "ss",
    "echo a#'@' ${#x} '@' x# '@' \\\n# '@'": "sss-",
    "cat <<< @": "b",
    "diff <(ls @) <(ls '@')": "bs",
    'echo {"a": "@"}': "d",
    "echo `date` '@'": "s",
    "echo a\\\n@ b \\\n @": "bb",
    'sh -c "$CODE" sh @': "b",
    "grep -c @ file": "b",
    "IFS=$'\\n' ls '@' $'a\\\\' '@'": "ss",
    'x="${y%"$z"}" \'@\'': "s",
    "if [[ $x =~ ^(a|b)$ && ( $y == z ) ]]; then echo '@'; fi": "s",
    "if(true)then(ls @)fi": "b",
    "$(case a in a) if x; then case b in b) { y; } esac fi esac) '@'": "s",
    "let_it_be @; evaluate @": "bb",
    "sh -e @": "b",
    'grep -c @ f; sort -c @; python -c x @; grep "$x" -c @': "bbbb",
    'sh > @; sh @; sh "$x" @; sh -e -- @; su - @ -c ls': "bbbbb",
    "watch -n @ ls; watch -x ls @; ssh @ ls; echo ssh @; parallel -j @ echo ::: @": "bbbbbb",
    "timeout @ ls @; env -i A=@ ls @; xargs -n 1 @; find @ -name @; runuser -u x -- ls @": "bbbbbbbb",
    "echo @ | grep x; echo @ | sh -c 'cat'; echo @ | sh script; echo @ || sh; echo @ && sh @; echo @ & sh": "bbbbbbb",
    "$SUDO ls @; $S\t@; cat <<< @; bash x <<< @; if a | b; then echo @; else sh; fi": "bbbbb",
    "": "",
    # no place
    "@ @; x=1 '@' ls @; timeout @ @ @; /bin/@ @": "b-s-bb-b-",
    "sh -c -- 'echo @' sh @": "-b",
    "sh -c - @; bash +x -c @; bash -c +x @ @": "---b",
    "bash -o pipefail -c @ @; bash -c -o pipefail @ @; bash -euo pipefail -c @ @; bash -euoc pipefail @ @": "-b-b-b-b",
    "bash --posix --norc -ec '@' x @; bash --rcfile x -c -- @": "-b-",
    "flock F -c @; flock F -w 5 -c '@'; flock --command=@; script -qc @ x; script -c '@'; script -qc@": "------",
    "su -c @ root; su - root -c '@'; su --command @; runuser -u x -c @": "----",
    "env -S @; env -S'sh @'; env -iS '@'; env --split-string=@": "----",
    "watch @; watch -n 5 ls @; parallel echo @; ssh h @; ssh -p @ h ls @; ssh -o A=b -- h @": "----b--",
    "xargs sh -c @; find . -exec sh -c 'x @' {} \\;": "--",
    "timeout 5 sh -c @; nice -n 5 sh -c @; timeout 5 ssh h @; sudo flock F -c @": "----",
    '$S -c @; $S -ec -- @; "$S" -c @ @; x=1 $S -c @; /bin/$S -c @; sudo $S -c @; @ -c @': "---b---b-",
    "$(command -v sh) -c @ @": "-b",
    "echo @ | sh; echo @ | bash -s x; echo @ | sudo sh; echo @ |& sh -e; echo @ |\n sh": "-----",
    "echo @ | tee x | /bin/sh -e\necho @": "-b",
    "(echo @) | sh; x=$(echo @ | sh); (echo @ | sh)": "---",
    "{ echo @; echo @; } | sh; echo @; for i in a; do echo @; done | bash": "--b-",
    "case x in x) echo @ | sh;; y) echo @ | cat;; esac; if true; then echo @ | sh; fi; echo @": "-b-b",
    "bash <<< @; bash -s <<< 'x @'": "--",
    "# @": "-",
    "true;# @\n @": "-b",
    "cat <<EOF\n@ '@'\nEOF\necho @": "--b",
    "cat <<-'EOF'\n\t@\n\tEOF\necho @": "-b",
    "cat << @\nx\n@": "--",
    'echo `ls @` @ "`ls \\`ls @\\``"': "-b-",
    'echo ${x:-@} "${x:-@}" ${x#"@"}': "---",
    'echo ${@} $@ "$@" \\@ "\\@"': "-----",
    "echo $'@' @": "-b",
    "echo $'\\'' @": "-",
    'echo "${x:-"}"}" @': "-",
    "echo \"${x:-'}'}\" @": "-",
    "echo $[@]": "-",
    "[[ @ == \"@\" ]] && [[ $(ls @) ]] || ls '@'": "--bs",
    "(( x = @ )); echo @": "--",
    "a[@]=1; a['@']=1": "--",
    "a=(@ '@')": "--",
    "eval @; command eval \"ls @\"; x=1 trap 'ls @' EXIT; let x=@": "----",
    '\\eval @; \'eval\' @; e"va"l @; "bash" -c @': "----",
    "$x eval @; $(x) eval @; eval$x @": "---",
    "bash -c 'echo @' @; x=1 sudo /bin/sh -ec \"ls @\"": "-b-",
    "echo @) @": "--",
    "echo @ 'a": "-",
    'echo @ "': "-",
    "echo @ $(ls": "-",
    "echo @ $((1 + 2)": "-",
    "case @ in a) ls": "-",
    "case @ on a) ls;; esac": "-",
    "echo $\\\n(ls @)": "-",
    "cat <<EOF $(ls\n) @\nEOF\n": "-",
    "cat <<EOF\n$(ls\nEOF\n)\nEOF\necho '@'": "-",
    "cat <<EOF '\n' @\nEOF\necho @": "--",
}


@pytest.mark.parametrize(("line", "letters"), STANDS.items())
def test_an_expression_stands(line: str, letters: str) -> None:
    found = places(line.replace("@", HOLE))
    assert "".join(LETTERS[place.quoting] for place in found) == letters
    assert all(bool(place.where) == (place.quoting is None) for place in found)
    assert len(found) == line.count("@")


def test_a_place_has_its_line() -> None:
    found = places(f"{HOLE}\ncat <<EOF\n\n{HOLE}\nEOF\n# {HOLE}")
    assert [(place.line, place.where) for place in found] == [(1, ""), (4, "in a here-document"), (6, "in a comment")]
