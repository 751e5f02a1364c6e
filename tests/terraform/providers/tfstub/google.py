"""hashicorp/google: the schema is real, the cloud behind it is imaginary.

Names, identities and URLs have the shapes the real service gives them and are the
same on every run (they are hashed from project and name).  What is checked beyond
the schema: allowed values, the rules in schema/overlay-google.json, a set project,
files that must exist, and - with TFSTUB_STRICT=1 - the imaginary cloud itself
(APIs enabled first, service accounts and topics that exist, no duplicates).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zlib
from pathlib import Path

from .provider import Problem, Provider, get, known
from .wire import UNKNOWN

NOW = "2026-01-01T00:00:00.000000Z"
PROJECT_ENV = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
REGION_ENV = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")

# id of a new object; {x} is an attribute, {number} the project number, {uuid}/{num} made up
IDS = {
    "google_project_service": "{project}/{service}",
    "google_project_iam_member": "{project}/{role}/{member}",
    "google_project_iam_binding": "{project}/{role}",
    "google_project_iam_audit_config": "{project}/audit_config/{service}",
    "google_project_iam_custom_role": "projects/{project}/roles/{role_id}",
    "google_service_account": "projects/{project}/serviceAccounts/{email}",
    "google_service_account_iam_member": "{service_account_id}/{role}/{member}",
    "google_service_account_iam_binding": "{service_account_id}/{role}",
    "google_iam_workload_identity_pool": "projects/{project}/locations/global/"
    "workloadIdentityPools/{workload_identity_pool_id}",
    "google_iam_workload_identity_pool_provider": "projects/{project}/locations/global/workloadIdentityPools/"
    "{workload_identity_pool_id}/providers/{workload_identity_pool_provider_id}",
    "google_pubsub_topic": "projects/{project}/topics/{name}",
    "google_pubsub_subscription": "projects/{project}/subscriptions/{name}",
    "google_pubsub_schema": "projects/{project}/schemas/{name}",
    "google_logging_project_sink": "projects/{project}/sinks/{name}",
    "google_logging_project_exclusion": "projects/{project}/exclusions/{name}",
    "google_logging_project_bucket_config": "projects/{project}/locations/{location}/buckets/{bucket_id}",
    "google_logging_metric": "{name}",
    "google_logging_log_view": "{parent}/locations/{location}/buckets/{bucket}/views/{name}",
    "google_cloudfunctions2_function": "projects/{project}/locations/{location}/functions/{name}",
    "google_cloud_run_v2_service": "projects/{project}/locations/{location}/services/{name}",
    "google_cloud_run_v2_job": "projects/{project}/locations/{location}/jobs/{name}",
    "google_cloud_tasks_queue": "projects/{project}/locations/{location}/queues/{name}",
    "google_cloud_scheduler_job": "projects/{project}/locations/{region}/jobs/{name}",
    "google_eventarc_trigger": "projects/{project}/locations/{location}/triggers/{name}",
    "google_eventarc_channel": "projects/{project}/locations/{location}/channels/{name}",
    "google_workflows_workflow": "projects/{project}/locations/{region}/workflows/{name}",
    "google_firestore_database": "projects/{project}/databases/{name}",
    "google_firestore_index": "projects/{project}/databases/{database}/collectionGroups/{collection}/indexes/{num}",
    "google_firestore_field": "projects/{project}/databases/{database}/collectionGroups/{collection}/fields/{field}",
    "google_firestore_document": "projects/{project}/databases/{database}/documents/{collection}/{document_id}",
    "google_firestore_backup_schedule": "projects/{project}/databases/{database}/backupSchedules/{uuid}",
    "google_firebaserules_ruleset": "projects/{project}/rulesets/{uuid}",
    "google_firebaserules_release": "projects/{project}/releases/{name}",
    "google_storage_bucket": "{name}",
    "google_storage_bucket_object": "{bucket}-{name}",
    "google_storage_notification": "{bucket}/notificationConfigs/1",
    "google_monitoring_alert_policy": "projects/{project}/alertPolicies/{num}",
    "google_monitoring_dashboard": "projects/{number}/dashboards/{uuid}",
    "google_monitoring_notification_channel": "projects/{project}/notificationChannels/{num}",
    "google_monitoring_uptime_check_config": "projects/{project}/uptimeCheckConfigs/{num}",
    "google_monitoring_metric_descriptor": "projects/{project}/metricDescriptors/{type}",
    "google_monitoring_custom_service": "projects/{number}/services/{service_id}",
    "google_monitoring_slo": "projects/{number}/services/{service}/serviceLevelObjectives/{slo_id}",
    "google_secret_manager_secret": "projects/{project}/secrets/{secret_id}",
    "google_secret_manager_secret_version": "{secret}/versions/1",
    "google_kms_key_ring": "projects/{project}/locations/{location}/keyRings/{name}",
    "google_kms_crypto_key": "{key_ring}/cryptoKeys/{name}",
    "google_artifact_registry_repository": "projects/{project}/locations/{location}/repositories/{repository_id}",
    "google_bigquery_dataset": "projects/{project}/datasets/{dataset_id}",
    "google_bigquery_table": "projects/{project}/datasets/{dataset_id}/tables/{table_id}",
    "google_cloudbuild_trigger": "projects/{project}/locations/{location}/triggers/{uuid}",
    "google_compute_network": "projects/{project}/global/networks/{name}",
    "google_compute_subnetwork": "projects/{project}/regions/{region}/subnetworks/{name}",
    "google_vpc_access_connector": "projects/{project}/locations/{region}/connectors/{name}",
}
# what an IAM resource of each family hangs on
IAM_PARENTS = {
    "google_pubsub_topic": "projects/{project}/topics/{topic}",
    "google_pubsub_subscription": "projects/{project}/subscriptions/{subscription}",
    "google_cloudfunctions2_function": "projects/{project}/locations/{location}/functions/{cloud_function}",
    "google_cloud_run_service": "v1/projects/{project}/locations/{location}/services/{service}",
    "google_cloud_run_v2_service": "projects/{project}/locations/{location}/services/{name}",
    "google_cloud_run_v2_job": "projects/{project}/locations/{location}/jobs/{name}",
    "google_cloud_tasks_queue": "projects/{project}/locations/{location}/queues/{name}",
    "google_storage_bucket": "b/{bucket}",
    "google_secret_manager_secret": "projects/{project}/secrets/{secret_id}",
    "google_kms_crypto_key": "{crypto_key_id}",
    "google_artifact_registry_repository": "projects/{project}/locations/{location}/repositories/{repository}",
    "google_bigquery_dataset": "projects/{project}/datasets/{dataset_id}",
}
# name = id for these; elsewhere a computed name is the id's last segment
NAME_IS_ID = {
    "google_monitoring_alert_policy",
    "google_monitoring_notification_channel",
    "google_monitoring_uptime_check_config",
    "google_firestore_index",
    "google_firestore_field",
    "google_firestore_document",
    "google_project_iam_custom_role",
    "google_monitoring_metric_descriptor",
    "google_monitoring_custom_service",
    "google_monitoring_slo",
    "google_service_account",
    "google_secret_manager_secret_version",
    "google_logging_project_bucket_config",
    "google_iam_workload_identity_pool",
    "google_iam_workload_identity_pool_provider",
    "google_firebaserules_ruleset",
}
# API that must be on before a type of this prefix is created (longest prefix wins)
APIS = {
    "google_cloudfunctions2": "cloudfunctions",
    "google_cloud_run": "run",
    "google_cloud_tasks": "cloudtasks",
    "google_cloud_scheduler": "cloudscheduler",
    "google_eventarc": "eventarc",
    "google_pubsub": "pubsub",
    "google_firestore": "firestore",
    "google_workflows": "workflows",
    "google_secret_manager": "secretmanager",
    "google_kms": "cloudkms",
    "google_artifact_registry": "artifactregistry",
    "google_dataflow": "dataflow",
    "google_logging": "logging",
    "google_monitoring": "monitoring",
    "google_service_account": "iam",
    "google_bigquery": "bigquery",
    "google_cloudbuild": "cloudbuild",
    "google_vpc_access": "vpcaccess",
    "google_compute": "compute",
    "google_firebaserules": "firebaserules",
}
# on in every new project, or not a matter of an API
DEFAULT_APIS = {"logging", "monitoring", "pubsub", "bigquery", "storage"}
ACCOUNT = re.compile(r"([a-z][a-z0-9-]{4,28}[a-z0-9])@([a-z][a-z0-9.:-]+)\.iam\.gserviceaccount\.com")


def number_of(project: str) -> str:
    return str(10**11 + int(hashlib.sha256(project.encode()).hexdigest(), 16) % (9 * 10**11))


def made_up(kind: str, *parts) -> str:
    h = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}" if kind == "uuid" else str(int(h[:16], 16) % 10**19)


def rows(value: dict, name: str) -> list[dict]:
    """The known blocks of a kind (a dynamic block may make the whole list unknown)."""
    blocks = value.get(name)
    return [b for b in blocks if isinstance(b, dict)] if isinstance(blocks, list) else []


def last(text: str) -> str:
    return text.rstrip("/").split("/")[-1]


class Cloud:
    """Objects created so far: {id: {"type":..., "value":...}}; a file when TFSTUB_CLOUD names one."""

    def __init__(self):
        self.path = os.environ.get("TFSTUB_CLOUD")
        self.objects: dict[str, dict] = {}

    def load(self):
        if self.path and Path(self.path).exists():
            self.objects = json.loads(Path(self.path).read_text())
        return self.objects

    def save(self):
        if self.path:
            temp = Path(f"{self.path}.{os.getpid()}")
            temp.write_text(json.dumps(self.objects, sort_keys=True, default=str))
            temp.replace(self.path)


class Google(Provider):
    functions = {
        "location_from_id": "the location in a resource id",
        "name_from_id": "the name in a resource id",
        "project_from_id": "the project in a resource id",
        "region_from_id": "the region in a resource id",
        "region_from_zone": "the region a zone is in",
        "zone_from_id": "the zone in a resource id",
    }

    def __init__(self, schema, overlay=None):
        super().__init__(schema, overlay)
        self.cloud = Cloud()
        self.strict = os.environ.get("TFSTUB_STRICT") == "1"

    # -- provider -----------------------------------------------------------
    @property
    def project(self):
        value = self.config.get("project")
        if value is None:
            value = next((os.environ[e] for e in PROJECT_ENV if os.environ.get(e)), None)
        return value

    @property
    def region(self):
        value = self.config.get("region")
        return value if value is not None else next((os.environ[e] for e in REGION_ENV if os.environ.get(e)), None)

    # -- configuration checks ------------------------------------------------
    def check(self, key, config):
        if config.get("id") is not None and not key.startswith("data."):
            yield Problem("Invalid or unknown key", path=("id",))
        if key == "google_cloudfunctions2_function":
            yield from self._check_function(config)
        elif key == "google_eventarc_trigger":
            names = [c.get("attribute") for c in rows(config, "matching_criteria")]
            if names and UNKNOWN not in names and "type" not in names:
                yield Problem(
                    'a trigger needs a matching_criteria with attribute = "type"', path=("matching_criteria",)
                )
        elif key == "google_firestore_index":
            real = [f for f in rows(config, "fields") if f.get("field_path") != "__name__"]
            if len(real) == 1 and known(real) and not real[0].get("vector_config"):
                yield Problem(
                    "this index is not necessary, configure using single field index controls",
                    "A composite index needs two fields (google_firestore_field manages single-field ones).",
                    ("fields",),
                )
        if "_iam_" in key:
            members = config.get("members") if isinstance(config.get("members"), list) else [config.get("member")]
            for m in (m for m in members if isinstance(m, str)):
                if m not in ("allUsers", "allAuthenticatedUsers") and ":" not in m:
                    yield Problem(
                        f"invalid value for member (IAM members must have one of the values outlined here: "
                        f'https://cloud.google.com/billing/docs/reference/rest/v1/Policy#Binding): "{m}"',
                        path=("member",),
                    )
                elif m.startswith("deleted:"):
                    yield Problem(
                        "member", f"Terraform does not support IAM members for deleted principals: {m}", ("member",)
                    )
            role = config.get("role")
            if isinstance(role, str) and not re.match(
                r"(roles/|projects/[^/]+/roles/|organizations/[^/]+/roles/)", role
            ):
                yield Problem(f'"{role}" is not a role name (roles/..., projects/.../roles/...)', path=("role",))

    @staticmethod
    def _check_function(config):
        """What Cloud Functions refuses although each value alone is fine."""
        timeout = get(config, "service_config.timeout_seconds")
        triggers = rows(config, "event_trigger")
        if triggers and isinstance(timeout, (int, float)) and timeout > 540:
            yield Problem(
                "an event-driven function may run 540 seconds at most",
                f"timeout_seconds is {timeout}",
                ("service_config",),
            )
        concurrency, cpu = (
            get(config, "service_config.max_instance_request_concurrency"),
            get(config, "service_config.available_cpu"),
        )
        if (
            isinstance(concurrency, (int, float))
            and concurrency > 1
            and cpu is not UNKNOWN
            and not (isinstance(cpu, str) and float(cpu.removesuffix("m")) / (1000 if cpu.endswith("m") else 1) >= 1)
        ):
            yield Problem(
                "max_instance_request_concurrency above 1 needs available_cpu of at least 1", path=("service_config",)
            )
        for t in triggers:
            if (
                t.get("event_type") == "google.cloud.pubsub.topic.v1.messagePublished"
                and t.get("pubsub_topic") is None
                and t.get("event_filters") in (None, [])
            ):
                yield Problem("a Pub/Sub event_trigger needs pubsub_topic", path=("event_trigger",))

    # -- plan ----------------------------------------------------------------
    def force_new(self, ty):
        names = super().force_new(ty)
        if "_iam_" in ty:
            return set(self.schema.resources[ty].attrs) - {
                "etag",
                "id",
                "members",
                "permissions",
                "title",
                "description",
                "stage",
            }
        return names | {"project", "location", "region", "name", "account_id"} & {
            n for n, a in self.schema.resources[ty].attrs.items() if a.required or a.optional
        }

    def plan(self, ty, v, prior, config):
        block = self.schema.resources[ty]
        a = block.attrs.get("project")
        if a and a.optional and config.get("project") is None and prior is None:
            if self.project is None:
                raise Problem("Failed to retrieve project, pid: , err: project: required field is not set")
            v["project"] = self.project
        for n in ("region", "location"):
            a = block.attrs.get(n)
            if a and a.optional and a.computed and config.get(n) is None and prior is None and self.region is not None:
                v[n] = self.region
        if "terraform_labels" in block.attrs:
            labels, default = config.get("labels"), self.config.get("default_labels")
            if known(labels) and known(default):
                merged = {**(default or {}), **(labels or {})}
                if self.config.get("add_terraform_attribution_label") is not False:
                    merged.setdefault("goog-terraform-provisioned", "true")
                v["terraform_labels"] = v["effective_labels"] = merged
        if ty == "google_storage_bucket_object":
            self._object(v, config, planning=True)

    def _object(self, v, config, planning):
        """Contents must exist; hashes are of the real contents."""
        source, content = v.get("source"), v.get("content")
        if config is not None and config.get("content") is None:
            v["content"] = content = None
        data = None
        if isinstance(source, str) and source:
            if not Path(source).is_file():
                if planning:
                    return  # archive_file may write it during apply
                raise Problem(f"open {source}: no such file or directory", path=("source",))
            data = Path(source).read_bytes()
        elif isinstance(content, str):
            data = content.encode()
        if data is not None and not planning:
            v["md5hash"] = base64.b64encode(hashlib.md5(data).digest()).decode()
            v["md5hexhash"] = hashlib.md5(data).hexdigest()
            v["crc32c"] = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()

    # -- apply ----------------------------------------------------------------
    def create(self, ty, v, prior):
        if v.get("project") is UNKNOWN:
            v["project"] = self.project
        project = v.get("project") if isinstance(v.get("project"), str) else self.project or ""
        project = last(project)
        number = number_of(project)
        if ty == "google_service_account":
            v["email"] = f"{v['account_id']}@{project}.iam.gserviceaccount.com"
            v["member"] = f"serviceAccount:{v['email']}"
            v["unique_id"] = made_up("num", v["email"])
        ident = self._id(ty, v, project)
        if self.strict:
            self._strict(ty, v, project, ident)
        v["id"] = ident
        if v.get("name") is UNKNOWN:
            v["name"] = ident if ty in NAME_IS_ID else last(ident)
        self._computed(ty, v, project, number, ident)

    def update(self, ty, v, prior):
        project = last(v.get("project") or self.project or "")
        if ty == "google_storage_bucket_object":
            self._object(v, None, planning=False)
        self._computed(ty, v, project, number_of(project), v["id"])

    def _id(self, ty, v, project):
        template, tail = IDS.get(ty), ""
        iam = re.fullmatch(r"(google_\w+?)_iam_(member|binding|policy)", ty)
        if template is None and iam and iam.group(1) in IAM_PARENTS:
            template = IAM_PARENTS[iam.group(1)]
            tail = {"member": "/{role}/{member}", "binding": "/{role}", "policy": ""}[iam.group(2)]
        if template is None:
            template = "projects/{project}/" + ty.removeprefix("google_") + "/{uuid}"
        if iam and isinstance(v.get("condition"), list) and v["condition"]:
            tail += "/" + (v["condition"][0].get("title") or "")
        fields = {k: x for k, x in v.items() if isinstance(x, str)}
        # a full resource name may be given where a short one is meant
        if tail:
            for n in ("topic", "subscription", "cloud_function", "service", "name", "secret_id", "repository"):
                if n in fields:
                    fields[n] = last(fields[n])
            if "bucket" in fields:
                fields["bucket"] = fields["bucket"].removeprefix("b/")
        fields.update(project=project, number=number_of(project))
        fields.setdefault("location", "global")
        fields.setdefault("region", self.region or "us-central1")
        seed = (ty, project, json.dumps(v, sort_keys=True, default=str))
        fields.update(uuid=made_up("uuid", *seed), num=made_up("num", *seed))
        if fields.get("database") is None:
            fields["database"] = "(default)"
        if "slo_id" not in fields:
            fields["slo_id"] = made_up("uuid", *seed)
        if "document_id" not in fields:
            fields["document_id"] = made_up("uuid", *seed)
        return (template + tail).format_map(_Blank(fields))

    def _computed(self, ty, v, project, number, ident):
        def put(path, value):
            *steps, name = path.split(".")
            at = v
            for s in steps:
                at = at[s][0] if isinstance(at.get(s), list) and at[s] else None
                if at is None:
                    return
            if at.get(name, "absent") is UNKNOWN:
                at[name] = value

        location = v.get("location") if isinstance(v.get("location"), str) else self.region or "us-central1"
        name = v.get("name") if isinstance(v.get("name"), str) else last(ident)
        for n in ("create_time", "update_time", "time_created", "updated", "creation_time", "earliest_version_time"):
            put(n, NOW)
        put("uid", made_up("uuid", ident))
        put("etag", "BwX" + made_up("num", ident)[:8] + "=")
        put("state", {"google_cloud_tasks_queue": "RUNNING", "google_cloud_scheduler_job": "ENABLED"}.get(ty, "ACTIVE"))
        put("deletion_policy", "DELETE")
        region = "".join(word[:2] for word in location.split("-"))
        host = f"{name}-{made_up('uuid', project, location)[:10].replace('-', '')}-{region}.a.run.app"
        if ty == "google_logging_project_sink":
            custom = v.get("custom_writer_identity")
            put(
                "writer_identity",
                custom
                if isinstance(custom, str) and custom
                else f"serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com"
                if v.get("unique_writer_identity") is not False
                else "serviceAccount:cloud-logs@system.gserviceaccount.com",
            )
        elif ty == "google_cloudfunctions2_function":
            put("url", f"https://{location}-{project}.cloudfunctions.net/{name}")
            put("environment", "GEN_2")
            put("service_config.uri", f"https://{host}")
            put("service_config.gcf_uri", f"https://{location}-{project}.cloudfunctions.net/{name}")
            put("service_config.service", f"projects/{project}/locations/{location}/services/{name}")
            put("service_config.service_account_email", f"{number}-compute@developer.gserviceaccount.com")
            put("service_config.available_memory", "256M")
            put("service_config.available_cpu", "0.1666")
            put("service_config.timeout_seconds", 60)
            put("service_config.max_instance_count", 100)
            put("service_config.max_instance_request_concurrency", 1)
            put("build_config.build", f"projects/{number}/locations/{location}/builds/{made_up('uuid', ident)}")
            put("build_config.docker_repository", f"projects/{project}/locations/{location}/repositories/gcf-artifacts")
            put(
                "build_config.service_account",
                f"projects/{project}/serviceAccounts/{number}-compute@developer.gserviceaccount.com",
            )
            put(
                "event_trigger.trigger",
                f"projects/{project}/locations/{location}/triggers/{name}-{made_up('num', ident)[:6]}",
            )
            put("event_trigger.trigger_region", location)
            put("event_trigger.service_account_email", f"{number}-compute@developer.gserviceaccount.com")
        elif ty == "google_cloud_run_v2_service":
            put("uri", f"https://{host}")
            put("generation", "1")
        elif ty == "google_storage_bucket":
            put("self_link", f"https://www.googleapis.com/storage/v1/b/{name}")
            put("url", f"gs://{name}")
            put("project_number", int(number))
            put("public_access_prevention", "inherited")
            put("rpo", "DEFAULT")
        elif ty == "google_storage_bucket_object":
            self._object(v, None, planning=False)
            put("output_name", name)
            put("generation", 1767225600000000)
            put(
                "media_link",
                f"https://storage.googleapis.com/download/storage/v1/b/{v['bucket']}/o/{name}?generation=1767225600000000&alt=media",
            )
            put("self_link", f"https://www.googleapis.com/storage/v1/b/{v['bucket']}/o/{name}")
            put("content_type", "application/zip" if name.endswith(".zip") else "text/plain; charset=utf-8")
            put("storage_class", "STANDARD")
        elif ty in ("google_compute_network", "google_compute_subnetwork", "google_vpc_access_connector"):
            put("self_link", f"https://www.googleapis.com/compute/v1/{ident}")
        elif ty == "google_eventarc_trigger":
            put("transport.pubsub.topic", f"projects/{project}/topics/eventarc-{location}-{name}-000")
            put("transport.pubsub.subscription", f"projects/{project}/subscriptions/eventarc-{location}-{name}-sub-000")
        elif ty == "google_secret_manager_secret":
            v["name"] = f"projects/{number}/secrets/{v['secret_id']}"
        elif ty == "google_secret_manager_secret_version":
            put("version", "1")
        elif ty == "google_monitoring_uptime_check_config":
            put("uptime_check_id", last(ident))
        elif ty == "google_monitoring_alert_policy":
            for i, c in enumerate(v.get("conditions") or []):
                if c.get("name") is UNKNOWN:
                    c["name"] = f"{ident}/conditions/{made_up('num', ident, i)}"
        elif ty == "google_pubsub_subscription":
            put("ack_deadline_seconds", 10)
            put("message_retention_duration", "604800s")
        elif ty == "google_cloud_tasks_queue":
            put("rate_limits.max_dispatches_per_second", 500)
            put("rate_limits.max_concurrent_dispatches", 1000)
            put("rate_limits.max_burst_size", 100)
            put("retry_config.max_attempts", 100)
            put("retry_config.min_backoff", "0.100s")
            put("retry_config.max_backoff", "3600s")
            put("retry_config.max_doublings", 16)
            put("retry_config.max_retry_duration", "")
        elif ty == "google_dataflow_job":
            put("job_id", f"2026-01-01_00_00_00-{made_up('num', ident)}")

    def applied(self, ty, v):
        self.cloud.load()[v["id"]] = {"type": ty, "value": v}
        self.cloud.save()

    def delete(self, ty, v):
        if (
            (
                ty
                in (
                    "google_firestore_database",
                    "google_cloud_run_v2_service",
                    "google_cloud_run_v2_job",
                    "google_workflows_workflow",
                )
                and v.get("deletion_protection") is True
            )
            or v.get("deletion_policy") == "PREVENT"
            or v.get("delete_protection_state") == "DELETE_PROTECTION_ENABLED"
        ):
            raise Problem(
                f"cannot destroy {v.get('id')} without setting its deletion protection (or deletion_policy) off first"
            )
        self.cloud.load().pop(v.get("id"), None)
        self.cloud.save()

    def read(self, ty, state):
        if state:
            self.cloud.load().setdefault(state["id"], {"type": ty, "value": state})
        return state

    def import_state(self, ty, ident, state):
        have = self.cloud.load().get(ident)
        if have and have["type"] == ty:
            return self.schema.resources[ty].conform(have["value"])
        template = IDS.get(ty)
        if template:
            regex = re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m.group(1)}>[^/]+)", re.escape(template))
            if not (m := re.fullmatch(regex, ident)):
                raise Problem(f'Import id "{ident}" doesn\'t match any of the accepted formats: [{template}]')
            state.update({k: x for k, x in m.groupdict().items() if k in state})
        state["id"] = ident
        return state

    # -- the imaginary cloud's own objections (TFSTUB_STRICT=1) ----------------
    def _strict(self, ty, v, project, ident):
        objects = self.cloud.load()
        if (
            ident in objects
            and "{num}" not in IDS.get(ty, "")
            and ty not in ("google_storage_bucket_object", "google_project_service")
        ):
            raise Problem(f"Error creating {ty}: googleapi: Error 409: Requested entity already exists: {ident}")
        on = {o["value"]["service"].split(".")[0] for o in objects.values() if o["type"] == "google_project_service"}
        prefix = max((p for p in APIS if ty.startswith(p)), key=len, default=None)
        if prefix and "_iam_" not in ty and on and APIS[prefix] not in on | DEFAULT_APIS:
            raise Problem(
                f"Error creating {ty}: googleapi: Error 403: {APIS[prefix]}.googleapis.com has not been used in "
                f"project {project} before or it is disabled.",
                "Nothing made google_project_service for it a dependency of this resource (depends_on).",
            )
        emails = {o["value"]["email"] for o in objects.values() if o["type"] == "google_service_account"}
        allowed = set(filter(None, os.environ.get("TFSTUB_KNOWN_ACCOUNTS", "").split(",")))
        text = json.dumps({k: x for k, x in v.items() if k not in ("email", "member") or "_iam_" in ty}, default=str)
        for account, home in ACCOUNT.findall(text):
            email = f"{account}@{home}.iam.gserviceaccount.com"
            if home == project and email not in emails | allowed and ty != "google_service_account":
                raise Problem(f"Error creating {ty}: googleapi: Error 400: Service account {email} does not exist.")
        for home, topic in re.findall(r"projects/([a-z0-9-]+)/topics/([\w.-]+)", text):
            full = f"projects/{home}/topics/{topic}"
            if home == project and full not in objects and ty != "google_pubsub_topic":
                raise Problem(f"Error creating {ty}: googleapi: Error 404: Resource not found (resource={topic}).")
        if ty.startswith("google_storage_bucket_") and v.get("bucket") not in objects:
            raise Problem(
                f"Error creating {ty}: googleapi: Error 404: The specified bucket does not exist: {v.get('bucket')}"
            )

    # -- data sources -----------------------------------------------------------
    def read_data(self, ty, v):
        for n in ("project",):
            if n in v and v[n] is None:
                v[n] = self.project
        project = v.get("project_id") or v.get("project") or self.project
        if project is None and ty not in ("google_iam_policy", "google_client_openid_userinfo", "google_client_config"):
            raise Problem("project: required field is not set")
        number = number_of(project or "")

        def account(email, **more):
            v.update(
                {
                    k: x
                    for k, x in {
                        "email": email,
                        "email_address": email,
                        "member": f"serviceAccount:{email}",
                        "id": f"projects/{project}/serviceAccounts/{email}",
                        "name": f"projects/{project}/serviceAccounts/{email}",
                        "unique_id": made_up("num", email),
                        **more,
                    }.items()
                    if k in v
                }
            )

        if ty == "google_project":
            v.update(project_id=project, number=number, name=project, id=f"projects/{project}")
        elif ty == "google_client_config":
            v.update(
                project=self.project,
                region=self.region,
                zone=self.config.get("zone"),
                access_token="stub-token",
                id=f'projects/"{self.project}"/regions/"{self.region}"/zones/""',
            )
        elif ty == "google_client_openid_userinfo":
            v.update(email="deployer@example.com", id="deployer@example.com")
        elif ty == "google_iam_policy":
            bindings = [{"members": sorted(b["members"]), "role": b["role"]} for b in v.get("binding") or []]
            v["policy_data"] = json.dumps(
                {"bindings": sorted(bindings, key=lambda b: b["role"])}, separators=(",", ":")
            )
            v["id"] = str(zlib.crc32(v["policy_data"].encode()))
        elif ty == "google_storage_project_service_account":
            account(
                f"service-{number}@gs-project-accounts.iam.gserviceaccount.com",
                id=f"service-{number}@gs-project-accounts.iam.gserviceaccount.com",
            )
        elif ty == "google_compute_default_service_account":
            account(
                f"{number}-compute@developer.gserviceaccount.com", display_name="Compute Engine default service account"
            )
        elif ty == "google_app_engine_default_service_account":
            account(f"{project}@appspot.gserviceaccount.com", display_name="App Engine default service account")
        elif ty == "google_service_account":
            given = v["account_id"]
            account(last(given) if "@" in given else f"{given}@{project}.iam.gserviceaccount.com")
        elif ty == "google_secret_manager_secret_version":
            v.update(secret_data="stub-secret", version=v.get("version") or "1", enabled=True)
            v["id"] = v["name"] = f"projects/{number}/secrets/{last(v['secret'])}/versions/{v['version']}"
        else:  # something the configuration made, or something assumed to be there already
            shaped = {**v, "project": project}
            ident = self._id(ty, shaped, project)
            have = self.cloud.load().get(ident)
            if have:
                v.update({k: x for k, x in have["value"].items() if k in v and v[k] is None})
            elif self.strict:
                raise Problem(f"{ty} {ident} not found")
            v["id"] = ident

    # -- provider functions -------------------------------------------------------
    def call(self, name, text):
        if name == "name_from_id":
            return last(text)
        if name == "region_from_zone":
            return re.sub(r"-[a-z]$", "", text)
        part = {
            "location_from_id": "locations",
            "project_from_id": "projects",
            "region_from_id": "regions",
            "zone_from_id": "zones",
        }[name]
        if m := re.search(rf"{part}/([^/]+)", text):
            return m.group(1)
        raise Problem(f'no {part.rstrip("s")} found in "{text}"')


class _Blank(dict):
    def __missing__(self, key):
        return ""
