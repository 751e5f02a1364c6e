"""Who gets a value in a shell script: it is refused wherever it is not known to be taken for data."""

import re

import pytest

from orchestrator.expressions.shell import wrong

X = "{{ params.x }}"

#: One line each; every ``@`` is a value.
REFUSED = r"""
echo @ | (sh)
echo @ | ( cd /tmp; sh )
echo @ | $SHELL
echo @ | $(which sh)
echo @ | echo $(sh)
echo @ | case x in x) sh;; esac
echo @ | [[ -n $(sh) ]]
(sh) <<< @
{ sh; } <<< @
case x in x) sh;; esac <<< @
if true; then sh; fi < <(echo @)
while true; do sh; done <<< @
{ { (sh); }; } <<< @
echo @ > >(sh)
> >(sh) echo @
{ echo @; } > >(sh)
(echo @) > >(cat | sh)
exec > >(sh); echo @
exec 3> >(sh); echo @ >&3
exec < <(echo @); sh
exec <<< @; sh
coproc sh; echo @
f() { sh; }; echo @ | f
f() { sh; }; f <<< @
cat() { sh; }; echo @ | cat
echo @ > f; sh < f
echo @ > f; cat f | sh
echo @ > f; cp f g; sh g
echo @ > f; . "./f"
echo @ > f; eval "$(cat f)"
echo @ > f; x=$(cat f); eval "$x"
read -r x < f; echo @ > f; eval "$x"
eval &>/dev/null @
sh -c &>/dev/null @
{fd}>f eval @
2>f eval @
sh 2>f -c @
echo @ | sed e
echo @ | sed 's/a/b/e'
echo @ | awk '{ system($0) }'
echo @ | awk '{ print | "sh" }'
echo @ | split --filter=sh
echo @ | xargs -I{} {} x
echo @ | xargs env
echo @ | xargs find .
echo @ | xargs git clone
echo @ | mytool
echo @ | /usr/bin/xonsh
echo @ | python -i x.py
echo @ | python -m pdb
echo @ | sh -c 'sh'
echo @ | bash -c 'cat | sh'
echo @ | eval sh
echo @ | sudo -u me sh
echo @ | nice -n 5 sh
echo @ | env -i sh
echo @ | timeout 5 sh
echo @ | busybox sh
echo @ | busybox
echo @ | ssh host cat
echo @ | docker run -i img cat
echo @ | kubectl exec -i p -- cat
echo @ | bq query
echo @ | gcloud compute ssh vm
echo @ | while read -r x; do ssh h "$x"; done
echo @ | { read x; $x; }
[ @ @ ]
printf -v@ x
printf -v x @; eval "$x"
sh -c 'sh -c "$X"'; X=@; sh -c 'sh -c "eval \$X"'
X=@; bash -c 'bash -c "eval \"\$X\""'
@ @
s=@; sh $s
sh $ORCHESTRATOR_PARAM_x a
b@ -c @
fish -c "echo @"
tcsh -c @
csh -c 'echo @'
yash -c @
lksh -c @
ksh93 -c "ls @"
zsh-5.9 -c @
rbash -c @
posh -c @
sg grp -c @
sg grp @
rsh host @
sudo -u bob ssh host @
sshpass -p x ssh host @
start-stop-daemon sh -c @
gcloud compute ssh vm -- ls @
integer n=@
emulate sh -c @
mosh h -- @
xargs -I{} sh -c "echo {}" <<< @
echo @ | tee >(sh)
echo @ | tee >(bash -s)
alias ll=@
mapfile -C @ a
compgen -C @
doit sh -c @
echo @ | $(echo sh)
sh < /dev/stdin <<< @
echo @ | sh < /dev/stdin
echo @ | sh 3< f
echo @ | perl
echo @ | node -
echo @ | ruby
echo @ | tclsh
echo @ | at -f - now
echo @ | crontab -
echo @ | make -f -
echo @ | vim -
echo @ | m4
echo @ | gdb
echo @ | lua -
echo @ | irb
echo @ | guile
echo @ | racket
echo @ | php
echo @ | "sh"
echo @ | s\h
echo @ | ${SHELL:-sh}
echo @ | `which sh`
echo @ | exec sh
echo @ | 2>&1 sh
echo @ | X=1 sh
echo @ | { sh <&0; }
echo @ | sh <&0
echo @ | sh 0<&0
echo @ | cat <(sh)
echo @ | cat | cat | (cat; sh)
echo @ | (cat; cat) | sh
exec 3<<< @; sh <&3
exec 3< <(echo @); sh <&3
sh 3<<< @ <&3
sh <&3 3<<< @
sh /dev/fd/3 3<<< @
. /dev/fd/3 3<<< @
sh < <(echo @)
sh < $(echo f) <<< @
echo @ | tee f | cat; sh f
echo @ > f & sh f
echo @ >f.sh; ./f.sh
echo @ >f.sh; bash -c ./f.sh
echo @ >f.sh; bash -c '. ./f.sh'
echo @ >f.sh; cat f.sh | bash
echo @ >f.sh; bash <f.sh
echo @ >f.sh; cat <f.sh | bash
echo @ >f.sh; bash <<< $(cat f.sh)
echo @ >f.sh; xargs sh -c < f.sh
echo @ >f.sh; find . -exec sh {} \;
echo @ >f.sh; mv f.sh g.sh; ./g.sh
echo @ >f.sh; ln -s f.sh g; sh g
dd of=f <<< @; sh f
sed -n "w f" <<< @; sh f
echo @ | sed 's/a/b/w f'; sh f
f=x.sh; echo @ > $f; sh $f
f=x.sh; echo @ > $f; . $f
f=x.sh; echo @ > "$f"; chmod +x "$f"; "./$f"
if read x; then eval "$x"; fi <<< @
x=`cat` <<< @; eval "$x"
while IFS= read -r l; do $l; done <<< @
select x in @; do $x; done
f() { $1; }; f @
f() { "$@"; }; f @
f() { shift; eval "$*"; }; f a @
set -- @; $1
set -- @; "$@"
a=(@); eval "${a[0]}"
a+=(@)
declare -a a=(@)
local -n x=@
let "x=@"
((x=@))
x[@]=1
echo ${x[@]}
[[ @ -eq 1 ]]
trap -- @ EXIT
PROMPT_COMMAND=@ bash -i
env BASH_ENV=@ bash -c :
env - BASH_ENV=@ bash -c :
IFS=@ ; eval a
bash --rcfile <(echo @) -i
bash --init-file <(echo @) -i
bash -O extglob -c @
bash -c -- @
bash -ic @
sh -euxc @
sh -e -c @
ENV=@ sh -i
git -c core.pager=@ log
git -c alias.x=@ x
tar xf a --to-command=@
make SHELL=@ x
sort --compress-program=@ f
ssh -o ProxyCommand=@ h
rsync -e @ a b
docker run --entrypoint sh img -c @
docker exec c bash -lc @
kubectl exec p -- bash -c @
kubectl run x --image=i -- sh -c @
su -c @
su - user -c @
su user -s /bin/sh -c @
sudo sh -c @
doas sh -c @
runuser -l u -c @
nohup sh -c @ &
time sh -c @
setsid bash -c @
script -c @ f
unshare -r sh -c @
chroot / sh -c @
nsenter -t 1 -m sh -c @
systemd-run sh -c @
flock f sh -c @
watch -n1 @
parallel @ ::: a
xargs -a f sh -c @
find . -name x -exec sh -c @ \;
find . -execdir bash -c @ {} +
env -S @
at now <<< @
batch <<< @
echo @ | crontab
expect -c @
tclsh <<< @
gdb -ex @
vim -c @ f
emacs --eval @
ruby -e @
awk @ f
osascript -e @
php -r @
lua -e @
julia -e @
node -p @
deno eval @
bun -e @
perl -ne @ f
python -c @
python3.11 -Ic @
psql -c @
mysql -e @
sqlite3 db @
busybox sh -c @
busybox ash -c @
toybox sh -c @
tmux new-session -d @
screen -dm sh -c @
ssh h -- @
autossh -M 0 h @
sshpass -p x ssh h @
vagrant ssh -c @
heroku run @
eval "$(echo @ | cat)"
""".strip().splitlines()

#: Lines that are as good as others'.
ACCEPTED = r"""
{ env | sort; echo @; } > @/env
echo @ | cat
echo @ | grep x | wc -l
printf '%s\n' @ | sort -u > f
echo @ | tee log
echo @ | jq -r .x
echo @ | sed 's/a/b/g'
echo @ | sed -n '1,3p;$d'
echo @ | sed -e 's|a|b|' -e '/x/d'
echo @ | awk '{ print $1 }'
echo @ | awk -F'|' '{ print $1 }'
echo @ | awk -F, '$1 == "a" || $2 > 3 { print $1 }'
echo @ | cut -d, -f1 | tr a b
echo @ | python load.py
echo @ | python3 -m json.tool
echo @ | python3 -c 'import sys; print(sys.stdin.read())'
echo @ | ./load.sh
echo @ | bash load.sh -x
echo @ | xargs -n1 echo
echo @ | xargs rm -f
echo @ | xargs -I{} cp {} dir/
echo @ | xargs -n1 sh -c 'echo "$1"' sh
echo @ | while read -r x; do echo "$x"; bq load t "$x"; done
echo @ | while read -r x; do python load.py "$x" < /dev/null; done
for t in @ b; do bq load "$t" && gsutil cp "$t" gs://b/; done
echo @ | docker login -u x --password-stdin
echo @ | sudo tee /etc/x
echo @ | sudo -u bob tee x
echo @ | (cd /tmp && cat > x)
{ echo a; echo @; } | sort > f
(echo @) | gzip -c > f.gz
echo @ | gsutil cp - gs://b/x
echo @ | bq load t -
echo @ | curl -d @- http://x
f() { echo "$1"; }; f @ | cat
log() { sed 's/^/x /'; }; echo @ | log
echo @ > "$ORCHESTRATOR_OUTPUTS"; python x.py
. "$E"; sh $S; echo @ > "$ORCHESTRATOR_OUTPUTS"
chmod 644 f; echo @ > f; find . -name @
"$PYTHON" x.py; echo @ > f
echo @ > f; python load.py f
echo @ > f; gsutil cp f gs://b/x; ./load.sh f
n=$(wc -l < f); echo $((n + 1)); echo @ > out
./load.sh @ --x=@
./doit python -x @
python load.py @ -c @
java -jar x.jar @
java -cp x Main @
git clone @ x
tar xf @
[ -n @ ] && [ @ = a ] && test @ -gt 1
[ -f "$x" -a @ = b ]
diff <(sort f) <(sort @)
python x.py <(echo @)
./x <(echo @)
cat f 2>/dev/null @
ls @ &> log
ls @ &>> log; ls @
sh script.sh @
sh -- @
bash -c 'echo "$1"' bash @
mytool @
mytool --date @ > f
kubectl get pod @
exec ./load.sh @
exec > log 2>&1; echo @
set -eu; echo @
export DATE=@; ./load.sh
trap 'rm -f x' EXIT; ls @
if ! grep -q @ f; then echo @ >&2; exit 1; fi
sort <<< @
read -r a b <<< @; echo "$a"
bq query --use_legacy_sql=false --parameter=d::@ 'select 1'
awk -v d=@ '$1 == d' f | sort
sed "1d" @
find @ -name '*.csv' | sort | head -1
cd @ && make all
x=$(date -d @ +%F); echo "$x"
docker run --rm img @
curl -fsS "https://x/@" -o @
wget -q @
timeout 10 ./load.sh @
nohup ./load.sh @ &
nice ./load.sh @
time ./load.sh @
env A=@ ./load.sh @
sudo -u bob ./load.sh @
""".strip().splitlines()


def put(line: str, text: str) -> str:
    """``text`` in the place of each @ that is no part of ``$@`` or of ``-d @-``."""
    return re.sub(r"(?<!\$)@(?!-)", lambda _: text, line)


@pytest.mark.parametrize("line", REFUSED)
def test_a_value_goes_to_nobody_who_may_read_it_as_code(line: str) -> None:
    assert wrong(put(line, X))


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_value_goes_to_whoever_takes_it_for_data(line: str) -> None:
    assert wrong(put(line, X)) == []


def test_a_program_that_is_not_known_gets_no_value_for_its_input() -> None:
    assert wrong("echo {{ params.x }} | mytool") == [
        "{{ params.x }} in line 1 is in the input of mytool, which may read it as code, where no quoting is safe: "
        "pass it as an argument, or let the program read it from the environment; "
        "or, if it is code, write {{ params.x | raw }}"
    ]
