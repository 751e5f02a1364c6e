"""What failed jobs say, of our own making in recorded forms: by the class that it has, and innocent of any.

The second half is users' text with the words in it by which Google's is known.
"""

from orchestrator.jobs.dataflow.causes import Cause

POOL = "Startup of the worker pool in zone europe-west4-a failed to bring up any of the desired 2 workers. "
HELP = "Please refer to https://cloud.google.com/dataflow/docs/guides/common-errors#pool for help troubleshooting. "
VM = "Failed to start the VM, launcher-2026, used for launching because of status code: "
LAUNCHER = "Error occurred in the launcher container: "
FAILED = "Workflow failed. Causes: "
FOUR_TIMES = f"{FAILED}S02:Read+Parse failed., The job failed because a work item has failed 4 times. Look in the log."
TRACE = 'Traceback (most recent call last):\n  File "apache_beam/runners/common.py", line 1496, in process\n'
FIELD = "Error: Message: Invalid value for field 'resource.networkInterfaces[0].network': 'global/networks/default'. "

GOOGLES: list[tuple[str, Cause]] = [
    (f"{POOL}{HELP}ZONE_RESOURCE_POOL_EXHAUSTED: Instance 'x-harness' creation failed: none are left.", Cause.STOCKOUT),
    (f"{POOL}The zone 'projects/p/zones/z' does not have enough resources available to fulfill it.", Cause.STOCKOUT),
    (
        f"{VM}UNAVAILABLE, reason: One or more operations had an error: 'op-1': [UNAVAILABLE] 'HTTP_503'..",
        Cause.STOCKOUT,
    ),
    (
        f"{VM}INTERNAL, reason: Unknown error in operation 'op-1': [ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS] "
        "'The zone 'projects/p/zones/z' does not have enough resources available to fulfill the request.'",
        Cause.STOCKOUT,
    ),
    ("Unable to bring up enough workers: minimum 1, actual 0", Cause.STOCKOUT),
    (
        f"(1a2b3c4d5e6f7a8b): {FAILED}(1a2b3c4d5e6f7a8c): Unable to bring up enough workers: minimum 1, actual 0. "
        "Please check your quota and retry later, or please try in a different zone.",
        Cause.STOCKOUT,
    ),
    (f"{FAILED}Unable to bring up enough workers: minimum 1, actual 0. QUOTA_EXCEEDED: 'CPUS'", Cause.QUOTA),
    (f"{POOL}{HELP}QUOTA_EXCEEDED: Instance 'x' creation failed: Quota 'CPUS' exceeded.  Limit: 24.0", Cause.QUOTA),
    (f"{POOL}The project quota may have been exceeded or access control policies may be preventing it", Cause.QUOTA),
    (f"{POOL}IP_SPACE_EXHAUSTED: Instance 'x' creation failed: IP space of 'p/s' is exhausted.", Cause.QUOTA),
    ("Project p has insufficient quota(s) to execute this workflow with 1 instances in region r.", Cause.QUOTA),
    (f"{FAILED}Project p has insufficient resource(s) to execute this workflow with 9 instances.", Cause.QUOTA),
    ("Dataflow quota error for jobs-per-project quota. Project p is running 25 jobs.", Cause.QUOTA),
    (f"{FAILED}Error: Message:\n    Exceeded limit 'QUOTA_FOR_INSTANCES' on resource 'x'. HTTP Code: 403", Cause.QUOTA),
    (f"{TRACE}google.api_core.exceptions.Forbidden: 403 Exceeded rate limits: too many updates", Cause.QUOTA),
    (f"{TRACE}google.api_core.exceptions.ResourceExhausted: 429 Too fast [while running 'Write']", Cause.QUOTA),
    (
        f"{POOL}CONDITION_NOT_MET: Instance 'x' creation failed: Constraint constraints/compute.vmExternalIpAccess "
        "violated for project 123.",
        Cause.PERMISSION,
    ),
    (f"{VM}FAILED_PRECONDITION, reason: Error: Message: Constraint constraints/x violated for 1", Cause.PERMISSION),
    (
        f"{FAILED}Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: u",
        Cause.PERMISSION,
    ),
    ("Compute Engine API has not been used in project 123 before or it is disabled.", Cause.PERMISSION),
    ("Some Cloud APIs need to be enabled for your project in order to run this job.", Cause.PERMISSION),
    (
        f"{FAILED}Permissions verification for controller service account failed. IAM role roles/dataflow.worker "
        "should be granted to controller service account w@p.iam.gserviceaccount.com.",
        Cause.PERMISSION,
    ),
    ("Permission 'artifactregistry.repositories.downloadArtifacts' denied on resource 'r'", Cause.PERMISSION),
    ("w@p.iam.gserviceaccount.com does not have storage.objects.get access to the object.", Cause.PERMISSION),
    (
        "Failed to read the job file : gs://b/o with error message: (1a2b3c4d): Unable to open template file: x",
        Cause.PERMISSION,
    ),
    (f"{TRACE}google.api_core.exceptions.Forbidden: 403 GET https://s/b: w@p does not have access", Cause.PERMISSION),
    (f"{LAUNCHER}PERMISSION_DENIED: denied on the bucket", Cause.PERMISSION),
    (f"{FAILED}Network default is not accessible to Dataflow Service account or does not exist", Cause.PARAMETERS),
    (f"{FAILED}Subnetwork s is not\naccessible to Dataflow Service account or does not exist", Cause.PARAMETERS),
    (f"{VM}INVALID_ARGUMENT, reason: {FIELD}The referenced network resource cannot be found.", Cause.PARAMETERS),
    (f"{FAILED}Invalid {FIELD}Network interface must specify a subnet. HTTP Code: 400", Cause.PARAMETERS),
    ("The template parameters are invalid.", Cause.PARAMETERS),
    (f"{LAUNCHER}main.py: error: unrecognized arguments: --colour", Cause.PARAMETERS),
    (
        f"{LAUNCHER}java.lang.IllegalArgumentException: Class interface o.a.b.Options missing a property named 'x'.",
        Cause.PARAMETERS,
    ),
    (f"{LAUNCHER}Template launch failed. See console logs.", Cause.LAUNCHER),
    ("Error: Template launch failed: exit status 13", Cause.LAUNCHER),
    ("Timeout in polling result file: gs://b/operation_result.\nService account: w@p", Cause.LAUNCHER),
    ("java.lang.RuntimeException: java.lang.OutOfMemoryError: Java heap space", Cause.MEMORY),
    (f"{TRACE}MemoryError", Cause.MEMORY),
    ("Cancel request is committed for workflow job: 2026-01-01_00_00_00-1.", Cause.CANCELLED),
]

INNOCENT: list[tuple[str, Cause]] = [
    ("ValueError: Missing weather of the airport MIAMI", Cause.USER_CODE),
    ("KeyError: 'black list of permissions'", Cause.USER_CODE),
    ("ValueError: Unknown parameter colour in row 7", Cause.USER_CODE),
    ("ValueError: Quota exceeded for quota metric in cell B7", Cause.USER_CODE),
    ("RuntimeError: PERMISSION_DENIED: says the customer", Cause.USER_CODE),
    ("ValueError: 403 Forbidden is not a status we expect", Cause.USER_CODE),
    ("AssertionError: RESOURCE_EXHAUSTED", Cause.USER_CODE),
    ("KeyError: 'rateLimitExceeded'", Cause.USER_CODE),
    ("ValueError: Access Denied: Project X is the title of a film", Cause.USER_CODE),
    ("TypeError: OutOfMemoryError is the name of a column", Cause.USER_CODE),
    ("IndexError: out of memory cards, and of OOM", Cause.USER_CODE),
    ("ValueError: the zone 'north' does not have enough resources available", Cause.USER_CODE),
    ("ValueError: ZONE_RESOURCE_POOL_EXHAUSTED", Cause.USER_CODE),
    ("ValueError: order was cancelled by the customer", Cause.USER_CODE),
    ("ValueError: Cancelled by the shop", Cause.USER_CODE),
    ("ValueError: a row lacks the permission of the owner", Cause.USER_CODE),
    ("ValueError: Permission 'read' denied on resource 'diary'", Cause.USER_CODE),
    ("app.errors.QuotaExceededError: Quota exceeded: Your flat is full", Cause.USER_CODE),
    ("ValueError: Network default is not accessible to Dataflow Service account", Cause.USER_CODE),
    ("ValueError: JobName invalid; it is 'plumber'", Cause.USER_CODE),
    ("java.lang.IllegalArgumentException: Missing required value for column 'price'", Cause.USER_CODE),
    ("java.lang.IllegalStateException: The template parameters are invalid", Cause.USER_CODE),
    (
        "java.lang.RuntimeException: org.apache.beam.sdk.util.UserCodeException: a.b.PermissionException: no",
        Cause.USER_CODE,
    ),
    ("org.apache.beam.sdk.util.UserCodeException: java.io.IOException: stock-out of shoes", Cause.USER_CODE),
    (f"{TRACE}ValueError: has not been used in project apollo before or it is disabled", Cause.USER_CODE),
    (
        f"{TRACE}  PERMISSION_DENIED: a comment in the code\nKeyError: 'x' [while running 'Quota exceeded']",
        Cause.USER_CODE,
    ),
    ("Error message from worker: generic::unknown: Quota 'CPUS' exceeded, says the row", Cause.USER_CODE),
    ("Error message from worker: PERMISSION_DENIED: says the row", Cause.USER_CODE),
    ("exit status 1: ValueError: Unable to open template file: no such letter", Cause.USER_CODE),
    (FOUR_TIMES, Cause.USER_CODE),
    (f"{FAILED}S07:PERMISSION_DENIED rows/Quota exceeded+Missing IAM permission failed.", Cause.UNKNOWN),
    (f"{FAILED}S03:Write/Access Denied: Project failed., Internal Issue (1a2b3c4d5e6f): 1:17", Cause.UNKNOWN),
    (f"{LAUNCHER}ValueError: Unknown parameter colour in row 7", Cause.LAUNCHER),
    (f"{LAUNCHER}file /template/permission denied.py does not exist", Cause.LAUNCHER),
    ("Stock-out of shoes: no permission, quota exceeded, 403 Forbidden", Cause.UNKNOWN),
    ("MY_STEP: Permission 'read' denied", Cause.UNKNOWN),
    ("The workers of the shop are out of memory sticks", Cause.UNKNOWN),
    ("Rows of the launcher container are missing", Cause.UNKNOWN),
    ("Constraint unique_address violated", Cause.UNKNOWN),
    ("bob@example.com does not have salary access to the Google Cloud", Cause.UNKNOWN),
    ("Permission of the owner denied", Cause.UNKNOWN),
    ("Cancelled by the customer", Cause.UNKNOWN),
    ("The resource 'logo.png' was not found", Cause.UNKNOWN),
    ("Quota 'flats' exceeded", Cause.UNKNOWN),
    (f"{FAILED}no such day, since the quota error of May", Cause.UNKNOWN),
    (f"{FAILED}The Dataflow job appears to be stuck because no worker activity has been seen in 1h.", Cause.UNKNOWN),
]
