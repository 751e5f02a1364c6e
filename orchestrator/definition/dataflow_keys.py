"""What a Dataflow step may say of its job: Dataflow's own options in snake_case, and the template's parameters."""

from typing import Literal

from pydantic import Field

from orchestrator.definition import fields as f
from orchestrator.definition.keys import Keys


class DataflowOptions(Keys):
    """Where and on what a Dataflow job runs: Dataflow's own options, in snake_case."""

    region: f.NonEmpty | None = Field(None, description="Region of the job", examples=["europe-west4"])
    classic: bool | None = Field(None, description="The template is a classic one, not a Flex template")
    streaming: f.Streaming | None = Field(
        None,
        description="true: the step succeeds once its job runs; keep: the job is started unless one of its name runs, "
        "and is never stopped",
    )
    service_account: str | None = Field(None, description="E-mail of the account the workers run as")
    network: str | None = Field(None, description="VPC network of the workers")
    subnetwork: str | None = Field(None, description="Subnetwork of the workers, as a URL or regions/…")
    ip_configuration: Literal["WORKER_IP_PUBLIC", "WORKER_IP_PRIVATE"] | None = None
    machine_type: str | None = Field(None, description="Machine type of the workers", examples=["n2-standard-2"])
    launcher_machine_type: str | None = Field(None, description="Machine type of a Flex template's launcher")
    num_workers: f.Count | None = Field(None, description="Number of workers at the start")
    max_workers: f.Count | None = Field(None, description="Maximum number of workers")
    autoscaling_algorithm: str | None = Field(None, examples=["AUTOSCALING_ALGORITHM_BASIC"])
    disk_size_gb: f.Count | None = Field(None, description="Disk size of each worker, in GB")
    worker_region: str | None = None
    worker_zone: str | None = None
    temp_location: str | None = Field(None, description="Cloud Storage path for temporary files")
    staging_location: str | None = Field(None, description="Cloud Storage path for staged files")
    kms_key: str | None = Field(None, description="Cloud KMS key that protects the job's data")
    labels: f.Texts | None = Field(None, description="Labels of the job")
    additional_experiments: list[str] | None = None
    enable_streaming_engine: bool | None = None
    flexrs_goal: Literal["FLEXRS_COST_OPTIMIZED", "FLEXRS_SPEED_OPTIMIZED"] | None = None
    sdk_container_image: str | None = Field(None, description="Container image of the workers")


class DataflowKeys(DataflowOptions):
    """A Dataflow job, launched from a template."""

    template: f.Template = Field(description="The template's file in Cloud Storage", examples=["gs://bucket/t.json"])
    parameters: f.JsonObject | None = Field(None, description="The template's parameters")
    parameters_from: f.Function | None = Field(
        None, description="A Python function, module:function, that returns the parameters"
    )


class DataflowDefaults(Keys):
    """What the graph's defaults may say of its Dataflow jobs."""

    parameters: f.JsonObject | None = Field(None, description="Parameters of every Dataflow job")
    dataflow: DataflowOptions | None = Field(None, description="Options of every Dataflow job")
