"""Patterns of the messages of the service, launchers and programs, with their causes. Data only.

The texts are not promised by Google; each row is made from recorded messages or from Dataflow's own pages
(tests/unit/dataflow_texts.py has one for each).
"""

import re
from functools import partial

from orchestrator.jobs.dataflow.classes import Cause
from orchestrator.jobs.dataflow.statements import Speaker

_compiled = partial(re.compile, flags=re.DOTALL)

#: A permission by IAM's name: ``storage.objects.get``.
_GRANT = r"[a-z]+\.\w+\.\w+"

#: How texts of the service begin, and their class. Specific beginnings come before general ones.
SERVICE = tuple(
    (cause, _compiled(pattern))
    for cause, pattern in (
        (Cause.STOCKOUT, r"The (zone|region) '\S+' does not have enough resources available"),
        (Cause.QUOTA, r"Project \S+ has insufficient (quota|resource)\(s\) to execute this workflow"),
        (Cause.QUOTA, r"Dataflow quota error for |Exceeded limit '?QUOTA_|IP space of \S+ is exhausted"),
        (Cause.QUOTA, r"Quota '[A-Z0-9_]+' exceeded|Quota exceeded( for quota metric|: Your )|Exceeded rate limits: "),
        (Cause.PERMISSION, r"Constraint constraints/\S+ violated|Operation denied by (org|organization) policy"),
        (Cause.PERMISSION, r"Request is prohibited by organization's policy|(The )?[Cc]aller does not have permission"),
        (Cause.PERMISSION, rf"Required '{_GRANT}' permission for |Permission ['\"]?{_GRANT}['\"]? denied "),
        (Cause.PERMISSION, r"Permission denied on resource |Missing (the )?(\w+ed |following )?IAM permissions?\b"),
        (
            Cause.PERMISSION,
            rf"[^\s@]+@\S+ does not have {_GRANT} access to |Access Denied: (Project|Dataset|Table) [\w.:-]+: ",
        ),
        (Cause.PERMISSION, r"Permissions verification for controller service account failed"),
        (Cause.PERMISSION, r"(Current user|Caller) cannot act as service account|Unable to open template file: "),
        (Cause.PERMISSION, r"user does not have (write access|sufficient permissions)"),
        (
            Cause.PERMISSION,
            r"[\w .-]+ API has not been used in project \S+ before or it is disabled|Access Not Configured",
        ),
        (Cause.PERMISSION, r"Some Cloud APIs need to be enabled|There was a problem refreshing your credentials"),
        (Cause.PARAMETERS, r"(Network|Subnetwork) \S+ is not accessible to Dataflow Service account or does not exist"),
        (Cause.PARAMETERS, r"Subnetwork \S+ on project \S+ network \S+ in region \S+ does not have Private Google"),
        (Cause.PARAMETERS, r"Invalid value for field 'resource\.|The resource 'projects/[^']*' was not found"),
        (Cause.PARAMETERS, r"Invalid subnetwork specified|\"@\*\" and \"@N\" are reserved sharding specs"),
        (Cause.PARAMETERS, r"The template parameters are invalid|Runtime parameter \w+ should not be specified"),
        (Cause.PARAMETERS, r"JobName invalid; |Unknown pipeline option"),
        (Cause.MEMORY, r"Workers are in memory thrashing|Out of memory: Kill|Shutting down JVM after \d+ consecutive"),
        (Cause.LAUNCHER, r"Timeout in polling result file|Failed to read the (job|result) file"),
        (Cause.CANCELLED, r"Cancel request is committed "),
    )
)

#: The class of each error code of the service, for texts that match no beginning.
CODES = {
    "ZONE_RESOURCE_POOL_EXHAUSTED": Cause.STOCKOUT,
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": Cause.STOCKOUT,
    "RESOURCE_POOL_EXHAUSTED": Cause.STOCKOUT,
    "UNAVAILABLE": Cause.STOCKOUT,
    "QUOTA_EXCEEDED": Cause.QUOTA,
    "RESOURCE_EXHAUSTED": Cause.QUOTA,
    "RATE_LIMIT_EXCEEDED": Cause.QUOTA,
    "IP_SPACE_EXHAUSTED": Cause.QUOTA,
    "PERMISSION_DENIED": Cause.PERMISSION,
    "INVALID_ARGUMENT": Cause.PARAMETERS,
    "INVALID_FIELD_VALUE": Cause.PARAMETERS,
    "UNSUPPORTED_OPERATION": Cause.PARAMETERS,
}

#: How Google's clients, in several languages, begin their messages about too many calls.
_LIMITED = (
    r"(\d{3} )?([A-Z]+ \S+: )?(Quota exceeded|Exceeded rate limits|(User )?Rate [Ll]imit [Ee]xceeded)"
    r"|<HttpError (403|429) when requesting \S+ returned \"(Quota exceeded|(User )?Rate [Ll]imit [Ee]xceeded)"
    r"|(403|429) .*\"reason\"\s*:\s*\"(rateLimit|userRateLimit|quota)Exceeded\""
)
_GOOGLE = r"(google|com\.google|googleapiclient|apitools)\..*"
_GRPC = r"com\.google\.api\.gax\.rpc\.\w+|io\.grpc\.\w+"
_ILLEGAL = r"java\.lang\.IllegalArgumentException"

#: Exceptions of programs, with the beginning of their messages. Google's clients pass on the text of the service.
RAISED = tuple(
    (cause, _compiled(raised), _compiled(text))
    for cause, raised, text in (
        (Cause.MEMORY, r"(numpy\..*)?_?(Array)?MemoryError|java\.lang\.OutOfMemoryError", ""),
        (Cause.QUOTA, r"google\.api_core\.exceptions\.(TooManyRequests|ResourceExhausted)", ""),
        (Cause.QUOTA, _GOOGLE, _LIMITED),
        (Cause.QUOTA, _GRPC, r"([\w.]+: )?RESOURCE_EXHAUSTED"),
        (Cause.PERMISSION, r"google\.api_core\.exceptions\.(Forbidden|PermissionDenied)", ""),
        (Cause.PERMISSION, r"googleapiclient\.errors\.HttpError", r"<HttpError 403 "),
        (Cause.PERMISSION, r"apitools\.base\.py\.exceptions\.HttpForbiddenError", ""),
        (Cause.PERMISSION, r"com\.google\..*\.GoogleJsonResponseException", r"403 Forbidden"),
        (Cause.PERMISSION, _GRPC, r"([\w.]+: )?PERMISSION_DENIED"),
        (Cause.PARAMETERS, _ILLEGAL, r"Class interface \S+ missing a property named '"),
        (Cause.PARAMETERS, _ILLEGAL, r"Missing required value for (\[public abstract|at least one)"),
    )
)

#: How parsers of command lines refuse options that a launcher passed to a pipeline.
REFUSED = _compiled(
    r"(usage: .*\n)?\S+\.py: error: (unrecognized arguments: |the following arguments are required: |argument -)"
    r"|flag provided but not defined: -|FATAL Flags parsing error: "
)

#: Messages about a program that exited by itself.
EXIT = re.compile(r"exit status \d+\b")

#: Texts that only point to other speakers: their beginning, these speakers, and the class if those say nothing.
VAGUE = tuple(
    (cause, _compiled(pattern), frozenset(ask))
    for cause, pattern, ask in (
        (
            Cause.USER_CODE,
            r"(The job failed because )?[Aa] work item (has |was )?(failed|attempted) \d+ times"
            r"|The worker lost contact|Timed out waiting for an update",
            (Speaker.PROGRAM,),
        ),
        (Cause.LAUNCHER, r"(Error: )?Template launch failed", tuple(Speaker)),
        (Cause.QUOTA, r"The project quota may have been exceeded", (Speaker.SERVICE,)),
    )
)

#: A frame without a reason that says that there were no machines.
NO_WORKERS = re.compile(r"Startup of the worker pool|Unable to bring up enough workers")
