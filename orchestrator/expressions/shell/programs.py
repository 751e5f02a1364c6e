"""The table of programs: all that is known of each, by which values are let through or refused (ADR 20).

To teach the reader of scripts about a program, add its row here, or its name to a row of programs that are alike. The
columns are explained in ``facts.py``. A program without a row is treated as the user's own if it is in the graph's
folder; any other may take its input for code, and takes its arguments for data.
"""

import re

from orchestrator.expressions.shell.facts import OPTIONS_ONLY, Arguments, Code, Joins, Program, Wraps


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_like = re.compile

_VERSION = r"([-._]?[0-9][-._0-9]*|[-._](static|real|posix|login))?"
_E = (r"-[A-Za-z0-9]*[eE]", r"-[A-Za-z0-9]*[eE].+")
_FILE = r"-[a-zA-Z]*f|--file="

#: A variable's text is expanded by make: $(shell ls).
_MAKE = Code.of(
    r"--eval|-E",
    r"--eval=.+|[^-=]+=.+",
    r"-[Cfj]",
    OPTIONS_ONLY,
    file=True,
    named=r"-f|--(make)?file=",
    reads="Makefile makefile GNUmakefile",
)
_VI = Code.of(r"-c|--cmd|--eval|-S", r"--eval=.+|\+.+", operand=OPTIONS_ONLY)
_TAR_OPTIONS = r"--(use-compress-program|to-command|checkpoint-action|rmt-command|rsh-command)"
_TAR = Code.of(rf"-I|{_TAR_OPTIONS}", rf"({_TAR_OPTIONS})=.+", operand=OPTIONS_ONLY)
_SORT = Code.of(r"--compress-program", r"--compress-program=.+", operand=OPTIONS_ONLY)
_SPLIT = Code.of(r"--fi[a-z]*", r"--fi[a-z]*=.+", operand=OPTIONS_ONLY)
_DUMP = Code.of(r"-[a-zA-Z]*z|--postrotate-command", r"--postrotate-command=.+", operand=OPTIONS_ONLY)
_NETCAT = Code.of(r"-[a-zA-Z0-9]*[ec]|--(sh-)?exec", r"-[ec].+|--(sh-)?exec=.+", operand=OPTIONS_ONLY)
_SSH = Code.of(r"(?!)", r"(-o)?\s*(Proxy|Local|KnownHosts)Command[ =].*", operand=OPTIONS_ONLY)
_PAGER = Code.of(r"-e|-P|--pager", r"--pager=.+", operand=OPTIONS_ONLY)
_GIT_KEYS = r"(?i:alias\.|core\.(sshcommand|editor|pager|hookspath|fsmonitor)|credential\.|diff\.|filter\.)[^=]*"
_GIT = (
    r"(?i)(-c)?(alias\.|core\.(sshcommand|editor|pager|hookspath|fsmonitor)|credential\.|diff\.|filter\.).+|--exec=.+"
)

PROGRAMS = (
    # Programs that take everything for data.
    Program(
        """: arch b2sum break bunzip2 bzip2 cd chgrp chown cksum cmp continue csplit df diff dirs du exit expr false
        file getconf groups gsutil gunzip gzip hexdump jobs kill logger ls lz4 md5sum mkdir mkfifo nproc numfmt od
        popd print printenv pushd pv readlink realpath return rm rmdir seq sha1sum sha224sum sha256sum sha384sum
        sha512sum shift shopt sleep stat sum sync times touch tr true truncate ts tsort type ulimit umask uname
        unlink unxz unzstd uptime users wait wc who whoami xxd xz yes zstd""",
        data=True,
    ),
    Program(
        """base32 base64 bzcat cat column comm cut egrep expand fgrep fmt fold gcat grep head iconv join jq nl paste pr
        rev shuf strings tac tail unexpand uniq xzcat yq zcat zgrep zstdcat""",
        data=True,
        shows=True,
    ),
    Program("basename date dirname hostname id mktemp pwd which", data=True, no_input=True),
    Program("echo gecho", data=True, no_input=True, prints=True),
    Program("cp gcp ginstall gln gmv install ln mv", data=True, copies=True),
    Program("dd gdd", data=True, copies=True, writes="of="),
    Program("gtee tee", data=True, writes=""),
    Program("chmod gchmod", data=True, makes_executable=True),
    # Programs that take everything for data without certain arguments.
    Program("gsort sort", data=True, shows=True, unless=_like(r"--com.*"), takes_more=False, risky=True, code=_SORT),
    Program("gsplit split", data=True, unless=_like(r"--f.*"), takes_more=False, risky=True, code=_SPLIT),
    Program("curl", data=True, unless=_like(r"-[A-Za-z]*K.*|--config.*"), risky=True),
    Program(
        "wget",
        data=True,
        unless=_like(r"--use-askpass.*|-e.*|--exec.*|--config.*"),
        takes_more=False,
        risky=True,
        code=Code.of(r"--use-askpass|-e|--execute", r"--(use-askpass|execute)=.+|-e.+", operand=OPTIONS_ONLY),
    ),
    Program("rg", data=True, unless=_like(r"--pre.*"), risky=True),
    Program("bq", data=True, unless=_like(r"query|shell")),
    Program("aws", data=True, unless=_like(r"ssm|execute-command|ec2-instance-connect")),
    Program("az", data=True, unless=_like(r"ssh|run-command|exec")),
    Program(
        "gcloud",
        data=True,
        unless=_like(r".*ssh|interactive|start-iap-tunnel|connect|cloud-shell|sql"),
        code=Code.of(r"--command", r"--command=.+", operand=OPTIONS_ONLY),
        remote_after=_set("ssh cloud-shell"),
    ),
    # Programs that read code or run others if an option tells them to.
    Program("ftp less more", risky=True),
    Program("zip", risky=True, code=Code.of(r"-TT|--unzip-command", r"-TT.+|--unzip-command=.+", operand=OPTIONS_ONLY)),
    Program("tcpdump", risky=True, code=_DUMP),
    Program("nc ncat netcat", risky=True, code=_NETCAT),
    Program("gmake make", risky=True, code=_MAKE, assigns=True, checked=True),
    Program("emacs nvi nvim vi vim", risky=True, code=_VI),
    Program(
        "git",
        risky=True,
        code=Code.of(rf"--exec|-x|--upload-pack|--receive-pack|{_GIT_KEYS}", _GIT, operand=OPTIONS_ONLY),
        subcommands=_set("add branch checkout clone commit diff fetch log pull push rm show tag"),
    ),
    Program("bsdtar gtar tar", risky=True, code=_TAR),
    Program(
        "rsync",
        risky=True,
        copies=True,
        code=Code.of(r"-[a-zA-Z]*e|--rsh|--rsync-path", r"--(rsh|rsync-path)=.+", operand=OPTIONS_ONLY),
    ),
    Program("scp sftp", risky=True, code=_SSH),
    Program("vagrant", code=Code.of(r"-c|--command", r"--command=.+", operand=OPTIONS_ONLY)),
    Program("man xterm", risky=True, code=_PAGER),
    # Shells.
    Program(family=rf"(sh|bash|dash){_VERSION}", shell=True, in_backticks=True),
    Program(
        family=r"(rbash|r?ash|[rz]?ksh|r?zsh|mksh|lksh|oksh|loksh|pdksh|yash|posh|hush|gash|osh|bosh|pbosh|msh|mrsh|smoosh)"
        + _VERSION,
        shell=True,
    ),
    Program(
        family=r"(fish|(bsd-)?t?csh|nu|xonsh|elvish|rc|es|scsh|ion|murex|ysh|oil|pwsh|powershell|ngs)([-._]?[0-9.]+)?",
        other_shell=True,
    ),
    # Other interpreters.
    Program(
        family=r"(python|pypy)[0-9.]*",
        code=Code.of(
            r"-[A-Za-z]*c",
            r"-[A-Za-z]*c.+",
            r"-[WX]|-[A-Za-z]*m",
            file=True,
            modules="IPython asyncio bpython cProfile code idlelib pdb profile ptpython sqlite3 timeit trace",
        ),
    ),
    Program(family=r"perl[0-9.]*", code=Code.of(_E[0], rf"{_E[1]}|-[Mm].+", r"-I", file=True)),
    Program(
        family=r"(ruby|lua|julia|groovy|scala|elixir|osascript)[0-9.]*|Rscript",
        code=Code.of(*_E, r"-[ICr]", file=True),
    ),
    Program(
        "node nodejs bun deno",
        code=Code.of(r"-[pe]+|--(eval|print)|eval", r"--(eval|print)=.+", r"-[rC]|--require", file=True),
    ),
    Program(family=r"php[0-9.]*", code=Code.of(r"-[rBRE]", r"-[rBRE].+", r"-[cdfz]", file=True)),
    Program(family=r"tclsh[0-9.]*|wish", code=Code.of(r"-c", r"-c.+", file=True)),
    Program("expect", code=Code.of(r"-c", r"-c.+", file=True, always_input=True)),
    Program("java", any_argument=True),
    Program(
        "awk gawk mawk nawk busybox-awk",
        code=Code.of(r"-e|--source", r"-e.+|--source=.+", r"-[vFf]|--(assign|file)", 1, language="awk", named=_FILE),
    ),
    Program(
        "sed gsed",
        code=Code.of(
            r"-[a-zA-Z]*e|--expression",
            r"-[a-zA-Z]*e.+|--expression=.+",
            r"-[a-zA-Z]*[fl]",
            1,
            language="sed",
            named=_FILE,
        ),
    ),
    Program(
        "sqlite sqlite3",
        code=Code.of(r"-cmd", r"(?!)", r"-(separator|newline|init)", 2, file=True, always_input=True),
    ),
    Program(
        "psql", code=Code.of(r"-c|--command", r"-c.+|--command=.+", r"-[dfhpUvoLFPRT]", file=True, always_input=True)
    ),
    Program(
        "mysql mariadb",
        code=Code.of(r"-[a-zA-Z]*e|--execute", r"-e.+|--execute=.+", r"-[hPuD]", file=True, always_input=True),
    ),
    Program("ed red", code=Code.of(r"(?!)", r"(?!)", r"-p|--prompt", 1, always_input=True)),  # !command is a file
    Program(
        "dc bc ex gdb m4",
        code=Code.of(r"-e|-ex|-c|--expression", r"-e.+|--expression=.+", file=True, always_input=True),
    ),
    # Programs that run another.
    Program(
        """caffeinate chpst dbus-run-session firejail flatpak-spawn ltrace nerdctl nsenter numactl pkexec podman
        prlimit proxychains proxychains4 setpriv softlimit sshpass start-stop-daemon strace systemd-run tini torsocks
        toybox unshare valgrind xvfb-run""",
        runs=True,
    ),
    Program("chroot chrt envdir faketime gosu runcon setarch setuidgid su-exec taskset", runs=True, operands=1),
    Program(
        "gxargs xargs",
        runs=True,
        wraps=Wraps(
            _like(r"-[0oprtx]*[adEILnPs]|--(arg-file|delimiter|max-args|max-chars|max-procs|process-slot-var)")
        ),
        input_words=True,
    ),
    Program("find gfind", runs=True, searches=True, risky=True),
    Program("docker", runs=True, subcommands=_set("build cp images inspect login logs ps pull push rm rmi stop tag")),
    Program("kubectl", runs=True, subcommands=_set("annotate delete describe get label logs scale wait")),
    Program("busybox", runs=True, wraps=Wraps(), risky=True),
    Program("fakeroot", prefix=True, runs=True, wraps=Wraps(_like(r"-[bils]|--(faked|lib)"))),
    Program("chronic unbuffer", runs=True, wraps=Wraps()),
    Program("gnohup nohup setsid", runs=True, wraps=Wraps(), first=True),
    Program("doas", runs=True, wraps=Wraps(_like(r"-[Lns]*[aCu]"))),
    Program("ionice", runs=True, wraps=Wraps(_like(r"-t*[cn]|--class|--classdata"))),
    Program("gnice nice", runs=True, wraps=Wraps(_like(r"-n|--adjustment"), alone=True)),
    Program("gstdbuf stdbuf", runs=True, wraps=Wraps(_like(r"-[ioe]|--(input|output|error)"))),
    Program("gtime time", runs=True, wraps=Wraps(_like(r"-[apqv]*[fo]|--(format|output)"), alone=True), first=True),
    Program("gtimeout timeout", runs=True, wraps=Wraps(_like(r"-v*[ks]|--(kill-after|signal)"), operands=1)),
    Program(
        "env genv",
        runs=True,
        wraps=Wraps(_like(r"-[0iv]*[aCPu]|--(argv0|chdir|unset)"), alone=True),
        first=True,
        splits=True,
        assigns=True,
        checked=True,
        followed=True,
        in_path=True,
    ),
    Program(
        "sudo",
        runs=True,
        wraps=Wraps(_like(r"-[AbBEeHiKklNnPSsVv]*[aCcDghpRrTtUu]|--(user|group|host|prompt|chdir|chroot|role|type)")),
        first=True,
        risky=True,
        assigns=True,
        checked=True,
    ),
    # Programs that pass arguments to a shell. If a command has several that join them, the last row counts.
    Program("flock", runs=True, operands=1, gives=True),
    Program("runuser", runs=True, gives=True),
    Program("newgrp", gives=True),
    Program("su", gives=True, risky=True),
    Program(
        "ssh",
        joins=Joins(_like(r"-[A-Za-z0-9]*[BbcDEeFIiJLlmOopQRSWw]"), remote=True, apart=True),
        risky=True,
        code=_SSH,
    ),
    Program("autossh", joins=Joins(_like(r"-[A-Za-z0-9]*[BbcDEeFIiJLlmMOopQRSWw]"), remote=True, apart=True)),
    Program("mosh", joins=Joins(_like(r"-p|-P"), remote=True, apart=True)),
    Program("rsh", joins=Joins(_like(r"-l"), remote=True, apart=True)),
    Program(
        "watch",
        runs=True,
        joins=Joins(_like(r"-[a-z]*[nqs]|--interval|--equexit|--shotsdir"), unless=_set("-x --exec")),
    ),
    Program(
        "parallel",
        runs=True,
        joins=Joins(_like(r"-[jnNI]|--jobs|--delay|--timeout|--retries|--joblog|--results"), until=":::"),
    ),
    Program("sg", gives=True, joins=Joins(apart=True)),
    Program("script", gives=True, risky=True, joins=Joins(_like(r"-[a-z]*[EIOBTmot]"), apart=True)),
    Program("heroku", joins=Joins(_like(r"-[ar]|--app|--remote"), remote=True, apart=True)),
    Program("tmux", joins=Joins(_like(r"-[a-zA-Z]*[cefFLnsStxy]"), apart=True)),
    Program("entr", runs=True, joins=Joins()),
    # Builtins that are prefixes of a command.
    Program("builtin command", prefix=True, runs=True, wraps=Wraps(_like(r"-a"), alone=True)),
    Program("exec", prefix=True, runs=True, wraps=Wraps(_like(r"-[cl]*a"), alone=True), redirects=True),
    Program("coproc", prefix=True, runs=True, coprocess=True),
    Program("noglob", prefix=True, runs=True, wraps=Wraps()),
    Program("nocorrect", prefix=True),
    # Builtins that read their arguments as code, or as names in which bash looks for code.
    Program(
        "autoload bind compgen complete compopt emulate enable fc functions repeat sched zmodload zstyle",
        arguments=Arguments.CODE,
    ),
    Program("hash", arguments=Arguments.CODE, data=True),
    Program("let", arguments=Arguments.CODE, data=True, arithmetic=True, in_backticks=True),
    Program("eval", arguments=Arguments.SCRIPTS, in_backticks=True),
    Program("trap", arguments=Arguments.SCRIPTS, data=True, in_backticks=True),
    Program("alias", arguments=Arguments.ALIASES),
    Program(".", arguments=Arguments.FILE),
    Program("source", arguments=Arguments.FILE, in_backticks=True),
    Program("[ test", arguments=Arguments.CONDITION, data=True),
    Program("printf", arguments=Arguments.FORMAT, data=True, no_input=True, prints=True),
    Program("getopts unset", arguments=Arguments.NAMES, data=True),
    Program("nameref", arguments=Arguments.NAMES),
    Program("read", arguments=Arguments.NAMES, data=True, loads=True),
    Program("mapfile readarray", arguments=Arguments.NAMES, data=True, unless=_like(r"-[A-Za-z]*C.*"), loads=True),
    Program("vared", arguments=Arguments.NAMES, loads=True),
    Program("declare export local readonly typeset", arguments=Arguments.DECLARATIONS, data=True),
    Program("float integer", arguments=Arguments.DECLARATIONS, arithmetic=True),
    Program("set", arguments=Arguments.POSITIONAL, data=True),
    # Reserved words that do what such a builtin does.
    Program("for", arguments=Arguments.LOOP, data=True),
    Program("select", arguments=Arguments.LOOP, loads=True),
)
