"""Nomad's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

import msgspec

from tidings.v1 import json_runtime as rt
from tidings.v1.nomad_pb2 import (
    NomadEvent,
    NomadPayload,
)
from tidings.v1.nomad_alloc_pb2 import (
    AllocDeploymentStatus,
    AllocMetric,
    AllocNetworkStatus,
    AllocState,
    AllocatedCpuResources,
    AllocatedMemoryResources,
    AllocatedPortMapping,
    AllocatedResources,
    AllocatedSharedResources,
    AllocatedTaskResources,
    Allocation,
    Deployment,
    DeploymentState,
    DesiredTransition,
    Evaluation,
    EvaluationStub,
    NodeScoreMeta,
    RescheduleEvent,
    RescheduleTracker,
    TaskEvent,
    TaskLifecycle,
    TaskState,
)
from tidings.v1.nomad_job_pb2 import (
    Job,
    JobAffinity,
    JobConstraint,
    JobMultiregion,
    JobMultiregionStrategy,
    JobSpread,
    JobSpreadTarget,
    JobUIConfig,
    JobUILink,
    JobVersionTag,
    ParameterizedJobConfig,
    PeriodicConfig,
    TaskGroup,
    UpdateStrategy,
)
from tidings.v1.nomad_node_pb2 import (
    CSIControllerInfo,
    CSIInfo,
    CSINodeInfo,
    CSITopology,
    ClientHostNetworkConfig,
    ClientHostVolumeConfig,
    CniConfig,
    DnsConfig,
    DrainMetadata,
    DrainStrategy,
    DriverInfo,
    NetworkResource,
    Node,
    NodeCpuResources,
    NodeDevice,
    NodeDeviceLocality,
    NodeDeviceResource,
    NodeDiskResources,
    NodeEvent,
    NodeMemoryResources,
    NodeNetworkAddress,
    NodeNetworkResource,
    NodeProcessorResources,
    NodeReservedCpuResources,
    NodeReservedDiskResources,
    NodeReservedMemoryResources,
    NodeReservedNetworkResources,
    NodeReservedResources,
    NodeResources,
    NomadPort,
    NumaCore,
    NumaTopology,
    Resources,
)
from tidings.v1.nomad_objects_pb2 import (
    ACLBindingRule,
    ACLPolicy,
    ACLPolicyJob,
    ACLRole,
    ACLRolePolicyLink,
    ACLToken,
    ACLTokenRoleLink,
    AuthMethod,
    AuthMethodClientAssertion,
    AuthMethodConfig,
    AuthMethodPrivateKey,
    CSIPlugin,
    NodePool,
    NodePoolSchedulerConfiguration,
    NomadVolume,
    ServiceRegistration,
    VariableLock,
    VariableMetadata,
)


def nomad_event_to_json(message: NomadEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a NomadEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Topic": message.topic,
        "Type": message.type,
        "Key": message.key,
        "Namespace": message.namespace,
        "FilterKeys": all_filter_keys[:] if (all_filter_keys := message.filter_keys) else None,
        "Payload": rt.raw(message.payload_json) if message.payload_json else nomad_payload_to_json(message.payload) if message.HasField("payload") else None,
    }
    return value


def nomad_payload_to_json(message: NomadPayload) -> dict[str, rt.Json]:
    """Return the JSON object of a NomadPayload, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {}
    if message.HasField("node"):
        value["Node"] = node_to_json(message.node)
    if message.HasField("job"):
        value["Job"] = job_to_json(message.job)
    if message.HasField("allocation"):
        value["Allocation"] = allocation_to_json(message.allocation)
    if message.HasField("evaluation"):
        value["Evaluation"] = evaluation_to_json(message.evaluation)
    if message.HasField("deployment"):
        value["Deployment"] = deployment_to_json(message.deployment)
    if message.HasField("node_pool"):
        value["NodePool"] = node_pool_to_json(message.node_pool)
    if message.HasField("service"):
        value["Service"] = service_registration_to_json(message.service)
    if message.HasField("acl_token"):
        value["ACLToken"] = acl_token_to_json(message.acl_token)
    if message.HasField("acl_policy"):
        value["ACLPolicy"] = acl_policy_to_json(message.acl_policy)
    if message.HasField("acl_role"):
        value["ACLRole"] = acl_role_to_json(message.acl_role)
    if message.HasField("auth_method"):
        value["AuthMethod"] = auth_method_to_json(message.auth_method)
    if message.HasField("acl_binding_rule"):
        value["ACLBindingRule"] = acl_binding_rule_to_json(message.acl_binding_rule)
    if message.HasField("volume"):
        value["Volume"] = nomad_volume_to_json(message.volume)
    if message.HasField("plugin"):
        value["Plugin"] = csi_plugin_to_json(message.plugin)
    if message.HasField("metadata"):
        value["Metadata"] = variable_metadata_to_json(message.metadata)
    if message.HasField("deleted"):
        value["Deleted"] = message.deleted
    if message.HasField("timeout"):
        value["Timeout"] = message.timeout
    if message.HasField("timeout_reason"):
        value["TimeoutReason"] = message.timeout_reason
    return value


def node_to_json(message: Node) -> dict[str, rt.Json]:
    """Return the JSON object of a Node, ready for `rt.dumps`."""
    is_old = bool(
        message.HasField("resources")
        or message.HasField("reserved")
    )
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Datacenter": message.datacenter,
        "Name": message.name,
        "HTTPAddr": message.http_addr,
        "TLSEnabled": message.tls_enabled,
        "Attributes": {name: all_attributes[name] for name in sorted(all_attributes)} if (all_attributes := message.attributes) else None,
        "NodeResources": node_resources_to_json(message.node_resources) if message.HasField("node_resources") else None,
        "ReservedResources": node_reserved_resources_to_json(message.reserved_resources) if message.HasField("reserved_resources") else None,
    }
    if is_old or message.HasField("resources"):
        value["Resources"] = resources_to_json(message.resources) if message.HasField("resources") else None
    if is_old or message.HasField("reserved"):
        value["Reserved"] = resources_to_json(message.reserved) if message.HasField("reserved") else None
    value["Links"] = {name: all_links[name] for name in sorted(all_links)} if (all_links := message.links) else None
    value["Meta"] = {name: all_meta[name] for name in sorted(all_meta)} if (all_meta := message.meta) else None
    value["NodeClass"] = message.node_class
    value["ComputedClass"] = message.computed_class
    value["Drain"] = message.drain
    value["DrainStrategy"] = drain_strategy_to_json(message.drain_strategy) if message.HasField("drain_strategy") else None
    value["SchedulingEligibility"] = message.scheduling_eligibility
    value["Status"] = message.status
    value["StatusDescription"] = message.status_description
    value["StatusUpdatedAt"] = message.status_updated_at
    value["Events"] = [node_event_to_json(item) for item in all_events[:]] if (all_events := message.events) else None
    value["Drivers"] = {name: driver_info_to_json(all_drivers[name]) for name in sorted(all_drivers)} if (all_drivers := message.drivers) else None
    value["CSIControllerPlugins"] = {name: csi_info_to_json(all_csi_controller_plugins[name]) for name in sorted(all_csi_controller_plugins)} if (all_csi_controller_plugins := message.csi_controller_plugins) else None
    value["CSINodePlugins"] = {name: csi_info_to_json(all_csi_node_plugins[name]) for name in sorted(all_csi_node_plugins)} if (all_csi_node_plugins := message.csi_node_plugins) else None
    value["HostVolumes"] = {name: client_host_volume_config_to_json(all_host_volumes[name]) for name in sorted(all_host_volumes)} if (all_host_volumes := message.host_volumes) else None
    value["CreateIndex"] = message.create_index
    value["ModifyIndex"] = message.modify_index
    if not is_old or message.secret_id:
        value["SecretID"] = message.secret_id
    if not is_old or message.node_pool:
        value["NodePool"] = message.node_pool
    if not is_old or message.cgroup_parent:
        value["CgroupParent"] = message.cgroup_parent
    if not is_old or message.host_networks:
        value["HostNetworks"] = {name: client_host_network_config_to_json(all_host_networks[name]) for name in sorted(all_host_networks)} if (all_host_networks := message.host_networks) else None
    if not is_old or message.HasField("last_drain"):
        value["LastDrain"] = drain_metadata_to_json(message.last_drain) if message.HasField("last_drain") else None
    if not is_old or message.last_missed_heartbeat_index:
        value["LastMissedHeartbeatIndex"] = message.last_missed_heartbeat_index
    if not is_old or message.last_alloc_update_index:
        value["LastAllocUpdateIndex"] = message.last_alloc_update_index
    if not is_old or message.gc_volumes_on_node_gc:
        value["GCVolumesOnNodeGC"] = message.gc_volumes_on_node_gc
    if not is_old or message.node_max_allocs:
        value["NodeMaxAllocs"] = message.node_max_allocs
    if not is_old or message.identity_signing_key_id:
        value["IdentitySigningKeyID"] = message.identity_signing_key_id
    return value


def job_to_json(message: Job) -> dict[str, rt.Json]:
    """Return the JSON object of a Job, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Stop": message.stop,
        "Region": message.region,
        "Namespace": message.namespace,
        "ID": message.id,
        "ParentID": message.parent_id,
        "Name": message.name,
        "Type": message.type,
        "Priority": message.priority,
        "AllAtOnce": message.all_at_once,
        "Datacenters": all_datacenters[:] if (all_datacenters := message.datacenters) else None,
        "NodePool": message.node_pool,
        "Constraints": [job_constraint_to_json(item) for item in all_constraints[:]] if (all_constraints := message.constraints) else None,
        "Affinities": [job_affinity_to_json(item) for item in all_affinities[:]] if (all_affinities := message.affinities) else None,
        "Spreads": [job_spread_to_json(item) for item in all_spreads[:]] if (all_spreads := message.spreads) else None,
        "TaskGroups": [task_group_to_json(item) for item in all_task_groups[:]] if (all_task_groups := message.task_groups) else None,
        "Update": update_strategy_to_json(message.update) if message.HasField("update") else None,
        "Multiregion": job_multiregion_to_json(message.multiregion) if message.HasField("multiregion") else None,
        "Periodic": periodic_config_to_json(message.periodic) if message.HasField("periodic") else None,
        "ParameterizedJob": parameterized_job_config_to_json(message.parameterized_job) if message.HasField("parameterized_job") else None,
        "Dispatched": message.dispatched,
        "DispatchIdempotencyToken": message.dispatch_idempotency_token,
        "Payload": rt.base64_text(message.payload) or None,
        "Meta": {name: all_meta[name] for name in sorted(all_meta)} if (all_meta := message.meta) else None,
    }
    if message.consul_token:
        value["ConsulToken"] = message.consul_token
    value["ConsulNamespace"] = message.consul_namespace
    if message.vault_token:
        value["VaultToken"] = message.vault_token
    value["VaultNamespace"] = message.vault_namespace
    value["NomadTokenID"] = message.nomad_token_id
    value["Status"] = message.status
    value["StatusDescription"] = message.status_description
    value["Stable"] = message.stable
    value["Version"] = message.version
    value["SubmitTime"] = message.submit_time
    value["CreateIndex"] = message.create_index
    value["ModifyIndex"] = message.modify_index
    value["JobModifyIndex"] = message.job_modify_index
    if message.HasField("ui"):
        value["UI"] = job_ui_config_to_json(message.ui)
    if message.HasField("version_tag"):
        value["VersionTag"] = job_version_tag_to_json(message.version_tag)
    return value


def allocation_to_json(message: Allocation) -> dict[str, rt.Json]:
    """Return the JSON object of a Allocation, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {}
    if message.id:
        value["ID"] = message.id
    if message.namespace:
        value["Namespace"] = message.namespace
    if message.eval_id:
        value["EvalID"] = message.eval_id
    if message.name:
        value["Name"] = message.name
    if message.node_id:
        value["NodeID"] = message.node_id
    if message.node_name:
        value["NodeName"] = message.node_name
    if message.job_id:
        value["JobID"] = message.job_id
    if message.task_group:
        value["TaskGroup"] = message.task_group
    if message.HasField("resources"):
        value["Resources"] = resources_to_json(message.resources)
    if message.HasField("shared_resources"):
        value["SharedResources"] = resources_to_json(message.shared_resources)
    if all_task_resources := message.task_resources:
        value["TaskResources"] = {name: resources_to_json(all_task_resources[name]) for name in sorted(all_task_resources)}
    if message.HasField("allocated_resources"):
        value["AllocatedResources"] = allocated_resources_to_json(message.allocated_resources)
    if message.HasField("metrics"):
        value["Metrics"] = alloc_metric_to_json(message.metrics)
    if message.desired_status:
        value["DesiredStatus"] = message.desired_status
    if message.desired_description:
        value["DesiredDescription"] = message.desired_description
    if message.HasField("desired_transition"):
        value["DesiredTransition"] = desired_transition_to_json(message.desired_transition)
    if message.client_status:
        value["ClientStatus"] = message.client_status
    if message.client_description:
        value["ClientDescription"] = message.client_description
    if all_task_states := message.task_states:
        value["TaskStates"] = {name: task_state_to_json(all_task_states[name]) for name in sorted(all_task_states)}
    if all_alloc_states := message.alloc_states:
        value["AllocStates"] = [alloc_state_to_json(item) for item in all_alloc_states[:]]
    if message.previous_allocation:
        value["PreviousAllocation"] = message.previous_allocation
    if message.next_allocation:
        value["NextAllocation"] = message.next_allocation
    if message.deployment_id:
        value["DeploymentID"] = message.deployment_id
    if message.HasField("deployment_status"):
        value["DeploymentStatus"] = alloc_deployment_status_to_json(message.deployment_status)
    if message.HasField("reschedule_tracker"):
        value["RescheduleTracker"] = reschedule_tracker_to_json(message.reschedule_tracker)
    if message.HasField("network_status"):
        value["NetworkStatus"] = alloc_network_status_to_json(message.network_status)
    if message.followup_eval_id:
        value["FollowupEvalID"] = message.followup_eval_id
    if all_preempted_allocations := message.preempted_allocations:
        value["PreemptedAllocations"] = all_preempted_allocations[:]
    if message.preempted_by_allocation:
        value["PreemptedByAllocation"] = message.preempted_by_allocation
    if all_signed_identities := message.signed_identities:
        value["SignedIdentities"] = {name: all_signed_identities[name] for name in sorted(all_signed_identities)}
    if message.signing_key_id:
        value["SigningKeyID"] = message.signing_key_id
    if message.create_index:
        value["CreateIndex"] = message.create_index
    if message.modify_index:
        value["ModifyIndex"] = message.modify_index
    if message.alloc_modify_index:
        value["AllocModifyIndex"] = message.alloc_modify_index
    if message.create_time:
        value["CreateTime"] = message.create_time
    if message.modify_time:
        value["ModifyTime"] = message.modify_time
    if message.job_json:
        value["Job"] = rt.raw(message.job_json)
    return value


def evaluation_to_json(message: Evaluation) -> dict[str, rt.Json]:
    """Return the JSON object of a Evaluation, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {}
    if message.id:
        value["ID"] = message.id
    if message.namespace:
        value["Namespace"] = message.namespace
    if message.priority:
        value["Priority"] = message.priority
    if message.type:
        value["Type"] = message.type
    if message.triggered_by:
        value["TriggeredBy"] = message.triggered_by
    if message.job_id:
        value["JobID"] = message.job_id
    if message.job_modify_index:
        value["JobModifyIndex"] = message.job_modify_index
    if message.node_id:
        value["NodeID"] = message.node_id
    if message.node_modify_index:
        value["NodeModifyIndex"] = message.node_modify_index
    if message.deployment_id:
        value["DeploymentID"] = message.deployment_id
    if message.status:
        value["Status"] = message.status
    if message.status_description:
        value["StatusDescription"] = message.status_description
    if message.HasField("wait"):
        value["Wait"] = rt.nanoseconds(message.wait)
    if message.HasField("wait_until"):
        value["WaitUntil"] = rt.time_text(message.wait_until)
    if message.next_eval:
        value["NextEval"] = message.next_eval
    if message.previous_eval:
        value["PreviousEval"] = message.previous_eval
    if message.blocked_eval:
        value["BlockedEval"] = message.blocked_eval
    if all_related_evals := message.related_evals:
        value["RelatedEvals"] = [evaluation_stub_to_json(item) for item in all_related_evals[:]]
    if all_failed_tg_allocs := message.failed_tg_allocs:
        value["FailedTGAllocs"] = {name: alloc_metric_to_json(all_failed_tg_allocs[name]) for name in sorted(all_failed_tg_allocs)}
    if message.plan_annotations_json:
        value["PlanAnnotations"] = rt.raw(message.plan_annotations_json)
    if all_class_eligibility := message.class_eligibility:
        value["ClassEligibility"] = {name: all_class_eligibility[name] for name in sorted(all_class_eligibility)}
    if message.quota_limit_reached:
        value["QuotaLimitReached"] = message.quota_limit_reached
    if all_missing_non_node_resources := message.missing_non_node_resources:
        value["MissingNonNodeResources"] = all_missing_non_node_resources[:]
    if message.escaped_computed_class:
        value["EscapedComputedClass"] = message.escaped_computed_class
    if message.annotate_plan:
        value["AnnotatePlan"] = message.annotate_plan
    if all_queued_allocations := message.queued_allocations:
        value["QueuedAllocations"] = {name: all_queued_allocations[name] for name in sorted(all_queued_allocations)}
    if message.leader_acl:
        value["LeaderACL"] = message.leader_acl
    if message.snapshot_index:
        value["SnapshotIndex"] = message.snapshot_index
    if message.create_index:
        value["CreateIndex"] = message.create_index
    if message.modify_index:
        value["ModifyIndex"] = message.modify_index
    if message.create_time:
        value["CreateTime"] = message.create_time
    if message.modify_time:
        value["ModifyTime"] = message.modify_time
    return value


def deployment_to_json(message: Deployment) -> dict[str, rt.Json]:
    """Return the JSON object of a Deployment, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Namespace": message.namespace,
        "JobID": message.job_id,
        "JobVersion": message.job_version,
        "JobModifyIndex": message.job_modify_index,
        "JobSpecModifyIndex": message.job_spec_modify_index,
        "JobCreateIndex": message.job_create_index,
        "IsMultiregion": message.is_multiregion,
        "TaskGroups": {name: deployment_state_to_json(all_task_groups[name]) for name in sorted(all_task_groups)} if (all_task_groups := message.task_groups) else None,
        "Status": message.status,
        "StatusDescription": message.status_description,
        "EvalPriority": message.eval_priority,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    if message.create_time:
        value["CreateTime"] = message.create_time
    if message.modify_time:
        value["ModifyTime"] = message.modify_time
    return value


def node_pool_to_json(message: NodePool) -> dict[str, rt.Json]:
    """Return the JSON object of a NodePool, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Description": message.description,
        "Meta": {name: all_meta[name] for name in sorted(all_meta)} if (all_meta := message.meta) else None,
        "SchedulerConfiguration": node_pool_scheduler_configuration_to_json(message.scheduler_configuration) if message.HasField("scheduler_configuration") else None,
    }
    if message.HasField("node_identity_ttl"):
        value["NodeIdentityTTL"] = rt.nanoseconds(message.node_identity_ttl)
    value["Hash"] = rt.base64_text(message.hash) or None
    value["CreateIndex"] = message.create_index
    value["ModifyIndex"] = message.modify_index
    return value


def service_registration_to_json(message: ServiceRegistration) -> dict[str, rt.Json]:
    """Return the JSON object of a ServiceRegistration, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "ServiceName": message.service_name,
        "Namespace": message.namespace,
        "NodeID": message.node_id,
        "Datacenter": message.datacenter,
        "JobID": message.job_id,
        "AllocID": message.alloc_id,
        "Tags": all_tags[:] if (all_tags := message.tags) else None,
        "Address": message.address,
        "Port": message.port,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    return value


def acl_token_to_json(message: ACLToken) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLToken, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "AccessorID": message.accessor_id,
        "SecretID": message.secret_id,
        "Name": message.name,
        "Type": message.type,
        "Policies": all_policies[:] if (all_policies := message.policies) else None,
        "Roles": [acl_token_role_link_to_json(item) for item in all_roles[:]] if (all_roles := message.roles) else None,
        "Global": message.is_global,
        "Hash": rt.base64_text(message.hash) or None,
        "CreateTime": rt.time_text(message.create_time) if message.HasField("create_time") else rt.ZERO_TIME,
        "ExpirationTime": rt.time_text(message.expiration_time) if message.HasField("expiration_time") else None,
        "ExpirationTTL": rt.nanoseconds(message.expiration_ttl) if message.HasField("expiration_ttl") else 0,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    return value


def acl_policy_to_json(message: ACLPolicy) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLPolicy, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Description": message.description,
        "Rules": message.rules,
        "RulesJSON": rt.raw(message.rules_json),
        "JobACL": acl_policy_job_to_json(message.job_acl) if message.HasField("job_acl") else None,
        "Hash": rt.base64_text(message.hash) or None,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    return value


def acl_role_to_json(message: ACLRole) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLRole, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Name": message.name,
        "Description": message.description,
        "Policies": [acl_role_policy_link_to_json(item) for item in all_policies[:]] if (all_policies := message.policies) else None,
        "Hash": rt.base64_text(message.hash) or None,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    return value


def auth_method_to_json(message: AuthMethod) -> dict[str, rt.Json]:
    """Return the JSON object of a AuthMethod, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Type": message.type,
        "TokenLocality": message.token_locality,
        "TokenNameFormat": message.token_name_format,
        "MaxTokenTTL": rt.nanoseconds(message.max_token_ttl) if message.HasField("max_token_ttl") else 0,
        "Default": message.default,
        "Config": auth_method_config_to_json(message.config) if message.HasField("config") else None,
        "Hash": rt.base64_text(message.hash) or None,
        "CreateTime": rt.time_text(message.create_time) if message.HasField("create_time") else rt.ZERO_TIME,
        "ModifyTime": rt.time_text(message.modify_time) if message.HasField("modify_time") else rt.ZERO_TIME,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    return value


def acl_binding_rule_to_json(message: ACLBindingRule) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLBindingRule, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Description": message.description,
        "AuthMethod": message.auth_method,
        "Selector": message.selector,
        "BindType": message.bind_type,
        "BindName": message.bind_name,
        "Hash": rt.base64_text(message.hash) or None,
        "CreateTime": rt.time_text(message.create_time) if message.HasField("create_time") else rt.ZERO_TIME,
        "ModifyTime": rt.time_text(message.modify_time) if message.HasField("modify_time") else rt.ZERO_TIME,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    return value


def nomad_volume_to_json(message: NomadVolume) -> dict[str, rt.Json]:
    """Return the JSON object of a NomadVolume, ready for `rt.dumps`."""
    is_host = bool(
        message.node_pool
        or message.node_id
        or message.host_path
        or message.state
        or message.capacity_bytes
        or message.requested_capacity_min_bytes
        or message.requested_capacity_max_bytes
    )
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Namespace": message.namespace,
        "Name": message.name,
    }
    if not is_host or message.external_id:
        value["ExternalID"] = message.external_id
    value["PluginID"] = message.plugin_id
    if is_host or message.node_pool:
        value["NodePool"] = message.node_pool
    if is_host or message.node_id:
        value["NodeID"] = message.node_id
    if is_host or message.host_path:
        value["HostPath"] = message.host_path
    if is_host or message.state:
        value["State"] = message.state
    if is_host or message.capacity_bytes:
        value["CapacityBytes"] = message.capacity_bytes
    if not is_host or message.capacity:
        value["Capacity"] = message.capacity
    if is_host or message.requested_capacity_min_bytes:
        value["RequestedCapacityMinBytes"] = message.requested_capacity_min_bytes
    if is_host or message.requested_capacity_max_bytes:
        value["RequestedCapacityMaxBytes"] = message.requested_capacity_max_bytes
    value["RequestedCapabilities"] = rt.raw(message.requested_capabilities_json)
    if message.constraints_json:
        value["Constraints"] = rt.raw(message.constraints_json)
    if not is_host or message.parameters:
        value["Parameters"] = {name: all_parameters[name] for name in sorted(all_parameters)} if (all_parameters := message.parameters) else {}
    if not is_host or message.topologies_json:
        value["Topologies"] = rt.raw(message.topologies_json)
    if not is_host or message.requested_topologies_json:
        value["RequestedTopologies"] = rt.raw(message.requested_topologies_json)
    if not is_host or message.access_mode:
        value["AccessMode"] = message.access_mode
    if not is_host or message.attachment_mode:
        value["AttachmentMode"] = message.attachment_mode
    if not is_host or message.mount_options_json:
        value["MountOptions"] = rt.raw(message.mount_options_json)
    if not is_host or message.secrets:
        value["Secrets"] = {name: all_secrets[name] for name in sorted(all_secrets)} if (all_secrets := message.secrets) else {}
    if not is_host or message.context:
        value["Context"] = {name: all_context[name] for name in sorted(all_context)} if (all_context := message.context) else {}
    if not is_host or message.read_allocs_json:
        value["ReadAllocs"] = rt.raw(message.read_allocs_json)
    if not is_host or message.write_allocs_json:
        value["WriteAllocs"] = rt.raw(message.write_allocs_json)
    if not is_host or message.read_claims_json:
        value["ReadClaims"] = rt.raw(message.read_claims_json)
    if not is_host or message.write_claims_json:
        value["WriteClaims"] = rt.raw(message.write_claims_json)
    if not is_host or message.past_claims_json:
        value["PastClaims"] = rt.raw(message.past_claims_json)
    if not is_host or message.schedulable:
        value["Schedulable"] = message.schedulable
    if not is_host or message.provider:
        value["Provider"] = message.provider
    if not is_host or message.provider_version:
        value["ProviderVersion"] = message.provider_version
    if not is_host or message.controller_required:
        value["ControllerRequired"] = message.controller_required
    if not is_host or message.controllers_healthy:
        value["ControllersHealthy"] = message.controllers_healthy
    if not is_host or message.controllers_expected:
        value["ControllersExpected"] = message.controllers_expected
    if not is_host or message.nodes_healthy:
        value["NodesHealthy"] = message.nodes_healthy
    if not is_host or message.nodes_expected:
        value["NodesExpected"] = message.nodes_expected
    if not is_host or message.HasField("resource_exhausted"):
        value["ResourceExhausted"] = rt.time_text(message.resource_exhausted) if message.HasField("resource_exhausted") else rt.ZERO_TIME
    if message.allocations_json:
        value["Allocations"] = rt.raw(message.allocations_json)
    value["CreateIndex"] = message.create_index
    value["ModifyIndex"] = message.modify_index
    value["CreateTime"] = message.create_time
    value["ModifyTime"] = message.modify_time
    if not is_host or message.requested_capacity_min:
        value["RequestedCapacityMin"] = message.requested_capacity_min
    if not is_host or message.requested_capacity_max:
        value["RequestedCapacityMax"] = message.requested_capacity_max
    if not is_host or message.clone_id:
        value["CloneID"] = message.clone_id
    if not is_host or message.snapshot_id:
        value["SnapshotID"] = message.snapshot_id
    return value


def csi_plugin_to_json(message: CSIPlugin) -> dict[str, rt.Json]:
    """Return the JSON object of a CSIPlugin, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Provider": message.provider,
        "Version": message.version,
        "ControllerRequired": message.controller_required,
        "Controllers": rt.raw(message.controllers_json),
        "Nodes": rt.raw(message.nodes_json),
        "Allocations": rt.raw(message.allocations_json),
        "ControllerJobs": rt.raw(message.controller_jobs_json),
        "NodeJobs": rt.raw(message.node_jobs_json),
        "ControllersHealthy": message.controllers_healthy,
        "ControllersExpected": message.controllers_expected,
        "NodesHealthy": message.nodes_healthy,
        "NodesExpected": message.nodes_expected,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    if message.create_time:
        value["CreateTime"] = message.create_time
    if message.modify_time:
        value["ModifyTime"] = message.modify_time
    return value


def variable_metadata_to_json(message: VariableMetadata) -> dict[str, rt.Json]:
    """Return the JSON object of a VariableMetadata, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Namespace": message.namespace,
        "Path": message.path,
    }
    if message.HasField("lock"):
        value["Lock"] = variable_lock_to_json(message.lock)
    value["CreateIndex"] = message.create_index
    value["CreateTime"] = message.create_time
    value["ModifyIndex"] = message.modify_index
    value["ModifyTime"] = message.modify_time
    return value


def node_resources_to_json(message: NodeResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Cpu": node_cpu_resources_to_json(message.cpu) if message.HasField("cpu") else None,
        "Memory": node_memory_resources_to_json(message.memory) if message.HasField("memory") else None,
        "Disk": node_disk_resources_to_json(message.disk) if message.HasField("disk") else None,
        "Networks": [network_resource_to_json(item) for item in all_networks[:]] if (all_networks := message.networks) else None,
        "NodeNetworks": [node_network_resource_to_json(item) for item in all_node_networks[:]] if (all_node_networks := message.node_networks) else None,
        "Devices": [node_device_resource_to_json(item) for item in all_devices[:]] if (all_devices := message.devices) else None,
    }
    if message.HasField("processors"):
        value["Processors"] = node_processor_resources_to_json(message.processors)
    if message.min_dynamic_port:
        value["MinDynamicPort"] = message.min_dynamic_port
    if message.max_dynamic_port:
        value["MaxDynamicPort"] = message.max_dynamic_port
    return value


def node_reserved_resources_to_json(message: NodeReservedResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeReservedResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Cpu": node_reserved_cpu_resources_to_json(message.cpu) if message.HasField("cpu") else None,
        "Memory": node_reserved_memory_resources_to_json(message.memory) if message.HasField("memory") else None,
        "Disk": node_reserved_disk_resources_to_json(message.disk) if message.HasField("disk") else None,
        "Networks": node_reserved_network_resources_to_json(message.networks) if message.HasField("networks") else None,
    }
    return value


def resources_to_json(message: Resources) -> dict[str, rt.Json]:
    """Return the JSON object of a Resources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "CPU": message.cpu,
        "MemoryMB": message.memory_mb,
        "DiskMB": message.disk_mb,
        "IOPS": message.iops,
        "Networks": [network_resource_to_json(item) for item in all_networks[:]] if (all_networks := message.networks) else None,
        "Devices": rt.raw(message.devices_json),
    }
    if message.cores:
        value["Cores"] = message.cores
    if message.memory_max_mb:
        value["MemoryMaxMB"] = message.memory_max_mb
    if message.numa_json:
        value["NUMA"] = rt.raw(message.numa_json)
    if message.secrets_mb:
        value["SecretsMB"] = message.secrets_mb
    return value


def drain_strategy_to_json(message: DrainStrategy) -> dict[str, rt.Json]:
    """Return the JSON object of a DrainStrategy, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Deadline": rt.nanoseconds(message.deadline) if message.HasField("deadline") else 0,
        "IgnoreSystemJobs": message.ignore_system_jobs,
        "ForceDeadline": rt.time_text(message.force_deadline) if message.HasField("force_deadline") else rt.ZERO_TIME,
        "StartedAt": rt.time_text(message.started_at) if message.HasField("started_at") else rt.ZERO_TIME,
    }
    return value


def node_event_to_json(message: NodeEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Message": message.message,
        "Subsystem": message.subsystem,
        "Details": {name: all_details[name] for name in sorted(all_details)} if (all_details := message.details) else None,
        "Timestamp": rt.time_text(message.timestamp) if message.HasField("timestamp") else rt.ZERO_TIME,
        "CreateIndex": message.create_index,
    }
    return value


def driver_info_to_json(message: DriverInfo) -> dict[str, rt.Json]:
    """Return the JSON object of a DriverInfo, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Attributes": {name: all_attributes[name] for name in sorted(all_attributes)} if (all_attributes := message.attributes) else None,
        "Detected": message.detected,
        "Healthy": message.healthy,
        "HealthDescription": message.health_description,
        "UpdateTime": rt.time_text(message.update_time) if message.HasField("update_time") else rt.ZERO_TIME,
    }
    return value


def csi_info_to_json(message: CSIInfo) -> dict[str, rt.Json]:
    """Return the JSON object of a CSIInfo, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "PluginID": message.plugin_id,
        "AllocID": message.alloc_id,
        "Healthy": message.healthy,
        "HealthDescription": message.health_description,
        "UpdateTime": rt.time_text(message.update_time) if message.HasField("update_time") else rt.ZERO_TIME,
        "Provider": message.provider,
        "ProviderVersion": message.provider_version,
        "RequiresControllerPlugin": message.requires_controller_plugin,
        "RequiresTopologies": message.requires_topologies,
    }
    if message.HasField("controller_info"):
        value["ControllerInfo"] = csi_controller_info_to_json(message.controller_info)
    if message.HasField("node_info"):
        value["NodeInfo"] = csi_node_info_to_json(message.node_info)
    return value


def client_host_volume_config_to_json(message: ClientHostVolumeConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a ClientHostVolumeConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Path": message.path,
        "ReadOnly": message.read_only,
    }
    if message.id:
        value["ID"] = message.id
    return value


def client_host_network_config_to_json(message: ClientHostNetworkConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a ClientHostNetworkConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "CIDR": message.cidr,
        "Interface": message.interface,
        "ReservedPorts": message.reserved_ports,
    }
    return value


def drain_metadata_to_json(message: DrainMetadata) -> dict[str, rt.Json]:
    """Return the JSON object of a DrainMetadata, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "StartedAt": rt.time_text(message.started_at) if message.HasField("started_at") else rt.ZERO_TIME,
        "UpdatedAt": rt.time_text(message.updated_at) if message.HasField("updated_at") else rt.ZERO_TIME,
        "Status": message.status,
        "AccessorID": message.accessor_id,
        "Meta": {name: all_meta[name] for name in sorted(all_meta)} if (all_meta := message.meta) else None,
    }
    return value


def job_constraint_to_json(message: JobConstraint) -> dict[str, rt.Json]:
    """Return the JSON object of a JobConstraint, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "LTarget": message.l_target,
        "RTarget": message.r_target,
        "Operand": message.operand,
    }
    return value


def job_affinity_to_json(message: JobAffinity) -> dict[str, rt.Json]:
    """Return the JSON object of a JobAffinity, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "LTarget": message.l_target,
        "RTarget": message.r_target,
        "Operand": message.operand,
        "Weight": message.weight,
    }
    return value


def job_spread_to_json(message: JobSpread) -> dict[str, rt.Json]:
    """Return the JSON object of a JobSpread, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Attribute": message.attribute,
        "Weight": message.weight,
        "SpreadTarget": [job_spread_target_to_json(item) for item in all_spread_target[:]] if (all_spread_target := message.spread_target) else None,
    }
    return value


def task_group_to_json(message: TaskGroup) -> dict[str, rt.Json]:
    """Return the JSON object of a TaskGroup, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Count": message.count,
        "Update": update_strategy_to_json(message.update) if message.HasField("update") else None,
        "Migrate": rt.raw(message.migrate_json),
        "Constraints": [job_constraint_to_json(item) for item in all_constraints[:]] if (all_constraints := message.constraints) else None,
        "Scaling": rt.raw(message.scaling_json),
        "RestartPolicy": rt.raw(message.restart_policy_json),
        "Disconnect": rt.raw(message.disconnect_json),
        "Tasks": rt.raw(message.tasks_json),
        "EphemeralDisk": rt.raw(message.ephemeral_disk_json),
        "Meta": {name: all_meta[name] for name in sorted(all_meta)} if (all_meta := message.meta) else None,
        "ReschedulePolicy": rt.raw(message.reschedule_policy_json),
        "Affinities": [job_affinity_to_json(item) for item in all_affinities[:]] if (all_affinities := message.affinities) else None,
        "Spreads": [job_spread_to_json(item) for item in all_spreads[:]] if (all_spreads := message.spreads) else None,
        "Networks": [network_resource_to_json(item) for item in all_networks[:]] if (all_networks := message.networks) else None,
        "Consul": rt.raw(message.consul_json),
        "Services": rt.raw(message.services_json),
        "Volumes": rt.raw(message.volumes_json),
        "ShutdownDelay": rt.nanoseconds(message.shutdown_delay) if message.HasField("shutdown_delay") else None,
    }
    if message.HasField("max_run_duration"):
        value["MaxRunDuration"] = rt.nanoseconds(message.max_run_duration)
    value["StopAfterClientDisconnect"] = rt.nanoseconds(message.stop_after_client_disconnect) if message.HasField("stop_after_client_disconnect") else None
    value["MaxClientDisconnect"] = rt.nanoseconds(message.max_client_disconnect) if message.HasField("max_client_disconnect") else None
    if message.prevent_reschedule_on_lost:
        value["PreventRescheduleOnLost"] = message.prevent_reschedule_on_lost
    return value


def update_strategy_to_json(message: UpdateStrategy) -> dict[str, rt.Json]:
    """Return the JSON object of a UpdateStrategy, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Stagger": rt.nanoseconds(message.stagger) if message.HasField("stagger") else 0,
        "MaxParallel": message.max_parallel,
        "HealthCheck": message.health_check,
        "MinHealthyTime": rt.nanoseconds(message.min_healthy_time) if message.HasField("min_healthy_time") else 0,
        "HealthyDeadline": rt.nanoseconds(message.healthy_deadline) if message.HasField("healthy_deadline") else 0,
        "ProgressDeadline": rt.nanoseconds(message.progress_deadline) if message.HasField("progress_deadline") else 0,
        "AutoRevert": message.auto_revert,
        "AutoPromote": message.auto_promote,
        "Canary": message.canary,
    }
    return value


def job_multiregion_to_json(message: JobMultiregion) -> dict[str, rt.Json]:
    """Return the JSON object of a JobMultiregion, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Strategy": job_multiregion_strategy_to_json(message.strategy) if message.HasField("strategy") else None,
        "Regions": rt.raw(message.regions_json),
    }
    return value


def periodic_config_to_json(message: PeriodicConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a PeriodicConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Enabled": message.enabled,
        "Spec": message.spec,
        "Specs": all_specs[:] if (all_specs := message.specs) else None,
        "SpecType": message.spec_type,
        "ProhibitOverlap": message.prohibit_overlap,
        "TimeZone": message.time_zone,
    }
    return value


def parameterized_job_config_to_json(message: ParameterizedJobConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a ParameterizedJobConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Payload": message.payload,
        "MetaRequired": all_meta_required[:] if (all_meta_required := message.meta_required) else None,
        "MetaOptional": all_meta_optional[:] if (all_meta_optional := message.meta_optional) else None,
    }
    return value


def job_ui_config_to_json(message: JobUIConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a JobUIConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Description": message.description,
        "Links": [job_ui_link_to_json(item) for item in all_links[:]] if (all_links := message.links) else None,
    }
    return value


def job_version_tag_to_json(message: JobVersionTag) -> dict[str, rt.Json]:
    """Return the JSON object of a JobVersionTag, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Description": message.description,
        "TaggedTime": message.tagged_time,
    }
    return value


def allocated_resources_to_json(message: AllocatedResources) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Tasks": {name: allocated_task_resources_to_json(all_tasks[name]) for name in sorted(all_tasks)} if (all_tasks := message.tasks) else None,
        "TaskLifecycles": {name: task_lifecycle_to_json(one) if (one := all_task_lifecycles[name]).ByteSize() else None for name in sorted(all_task_lifecycles)} if (all_task_lifecycles := message.task_lifecycles) else None,
        "Shared": allocated_shared_resources_to_json(message.shared) if message.HasField("shared") else None,
    }
    return value


def alloc_metric_to_json(message: AllocMetric) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocMetric, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "NodesEvaluated": message.nodes_evaluated,
        "NodesFiltered": message.nodes_filtered,
        "NodesInPool": message.nodes_in_pool,
    }
    if message.node_pool:
        value["NodePool"] = message.node_pool
    value["NodesAvailable"] = {name: all_nodes_available[name] for name in sorted(all_nodes_available)} if (all_nodes_available := message.nodes_available) else None
    value["ClassFiltered"] = {name: all_class_filtered[name] for name in sorted(all_class_filtered)} if (all_class_filtered := message.class_filtered) else None
    value["ConstraintFiltered"] = {name: all_constraint_filtered[name] for name in sorted(all_constraint_filtered)} if (all_constraint_filtered := message.constraint_filtered) else None
    value["NodesExhausted"] = message.nodes_exhausted
    value["ClassExhausted"] = {name: all_class_exhausted[name] for name in sorted(all_class_exhausted)} if (all_class_exhausted := message.class_exhausted) else None
    value["DimensionExhausted"] = {name: all_dimension_exhausted[name] for name in sorted(all_dimension_exhausted)} if (all_dimension_exhausted := message.dimension_exhausted) else None
    value["QuotaExhausted"] = all_quota_exhausted[:] if (all_quota_exhausted := message.quota_exhausted) else None
    value["ResourcesExhausted"] = {name: resources_to_json(all_resources_exhausted[name]) for name in sorted(all_resources_exhausted)} if (all_resources_exhausted := message.resources_exhausted) else None
    value["Scores"] = {name: all_scores[name] for name in sorted(all_scores)} if (all_scores := message.scores) else None
    value["ScoreMetaData"] = [node_score_meta_to_json(item) for item in all_score_meta_data[:]] if (all_score_meta_data := message.score_meta_data) else None
    value["AllocationTime"] = rt.nanoseconds(message.allocation_time) if message.HasField("allocation_time") else 0
    value["CoalescedFailures"] = message.coalesced_failures
    return value


def desired_transition_to_json(message: DesiredTransition) -> dict[str, rt.Json]:
    """Return the JSON object of a DesiredTransition, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Migrate": message.migrate if message.HasField("migrate") else None,
        "Reschedule": message.reschedule if message.HasField("reschedule") else None,
        "ForceReschedule": message.force_reschedule if message.HasField("force_reschedule") else None,
        "NoShutdownDelay": message.no_shutdown_delay if message.HasField("no_shutdown_delay") else None,
    }
    if message.HasField("migrate_disable_placement"):
        value["MigrateDisablePlacement"] = message.migrate_disable_placement
    return value


def task_state_to_json(message: TaskState) -> dict[str, rt.Json]:
    """Return the JSON object of a TaskState, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "State": message.state,
        "Failed": message.failed,
        "Restarts": message.restarts,
        "LastRestart": rt.time_text(message.last_restart) if message.HasField("last_restart") else rt.ZERO_TIME,
        "StartedAt": rt.time_text(message.started_at) if message.HasField("started_at") else rt.ZERO_TIME,
        "FinishedAt": rt.time_text(message.finished_at) if message.HasField("finished_at") else rt.ZERO_TIME,
        "Events": [task_event_to_json(item) for item in all_events[:]] if (all_events := message.events) else None,
    }
    if message.paused:
        value["Paused"] = message.paused
    return value


def alloc_state_to_json(message: AllocState) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocState, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Field": message.field,
        "Value": message.value,
        "Time": rt.time_text(message.time) if message.HasField("time") else rt.ZERO_TIME,
    }
    return value


def alloc_deployment_status_to_json(message: AllocDeploymentStatus) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocDeploymentStatus, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Healthy": message.healthy if message.HasField("healthy") else None,
        "Timestamp": rt.time_text(message.timestamp) if message.HasField("timestamp") else rt.ZERO_TIME,
        "Canary": message.canary,
        "ModifyIndex": message.modify_index,
    }
    return value


def reschedule_tracker_to_json(message: RescheduleTracker) -> dict[str, rt.Json]:
    """Return the JSON object of a RescheduleTracker, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Events": [reschedule_event_to_json(item) for item in all_events[:]] if (all_events := message.events) else None,
        "LastReschedule": message.last_reschedule,
    }
    return value


def alloc_network_status_to_json(message: AllocNetworkStatus) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocNetworkStatus, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "InterfaceName": message.interface_name,
        "Address": message.address,
    }
    if message.address_ipv6:
        value["AddressIPv6"] = message.address_ipv6
    value["DNS"] = dns_config_to_json(message.dns) if message.HasField("dns") else None
    return value


def evaluation_stub_to_json(message: EvaluationStub) -> dict[str, rt.Json]:
    """Return the JSON object of a EvaluationStub, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Namespace": message.namespace,
        "Priority": message.priority,
        "Type": message.type,
        "TriggeredBy": message.triggered_by,
        "JobID": message.job_id,
        "NodeID": message.node_id,
        "DeploymentID": message.deployment_id,
        "Status": message.status,
        "StatusDescription": message.status_description,
        "WaitUntil": rt.time_text(message.wait_until) if message.HasField("wait_until") else rt.ZERO_TIME,
        "NextEval": message.next_eval,
        "PreviousEval": message.previous_eval,
        "BlockedEval": message.blocked_eval,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
        "CreateTime": message.create_time,
        "ModifyTime": message.modify_time,
    }
    return value


def deployment_state_to_json(message: DeploymentState) -> dict[str, rt.Json]:
    """Return the JSON object of a DeploymentState, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "AutoRevert": message.auto_revert,
        "AutoPromote": message.auto_promote,
        "ProgressDeadline": rt.nanoseconds(message.progress_deadline) if message.HasField("progress_deadline") else 0,
        "RequireProgressBy": rt.time_text(message.require_progress_by) if message.HasField("require_progress_by") else rt.ZERO_TIME,
        "Promoted": message.promoted,
        "PlacedCanaries": all_placed_canaries[:] if (all_placed_canaries := message.placed_canaries) else None,
        "DesiredCanaries": message.desired_canaries,
        "DesiredTotal": message.desired_total,
        "PlacedAllocs": message.placed_allocs,
        "HealthyAllocs": message.healthy_allocs,
        "UnhealthyAllocs": message.unhealthy_allocs,
    }
    return value


def node_pool_scheduler_configuration_to_json(message: NodePoolSchedulerConfiguration) -> dict[str, rt.Json]:
    """Return the JSON object of a NodePoolSchedulerConfiguration, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "SchedulerAlgorithm": message.scheduler_algorithm,
        "MemoryOversubscriptionEnabled": message.memory_oversubscription_enabled if message.HasField("memory_oversubscription_enabled") else None,
    }
    return value


def acl_token_role_link_to_json(message: ACLTokenRoleLink) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLTokenRoleLink, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Name": message.name,
    }
    return value


def acl_policy_job_to_json(message: ACLPolicyJob) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLPolicyJob, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Namespace": message.namespace,
        "JobID": message.job_id,
        "Group": message.group,
        "Task": message.task,
    }
    return value


def acl_role_policy_link_to_json(message: ACLRolePolicyLink) -> dict[str, rt.Json]:
    """Return the JSON object of a ACLRolePolicyLink, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
    }
    return value


def auth_method_config_to_json(message: AuthMethodConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a AuthMethodConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "JWTValidationPubKeys": all_jwt_validation_pub_keys[:] if (all_jwt_validation_pub_keys := message.jwt_validation_pub_keys) else None,
        "JWKSURL": message.jwks_url,
        "JWKSCACert": message.jwks_ca_cert,
        "OIDCDiscoveryURL": message.oidc_discovery_url,
        "OIDCClientID": message.oidc_client_id,
        "OIDCClientSecret": message.oidc_client_secret,
    }
    if message.HasField("oidc_client_assertion"):
        value["OIDCClientAssertion"] = auth_method_client_assertion_to_json(message.oidc_client_assertion)
    if message.HasField("oidc_enable_pkce"):
        value["OIDCEnablePKCE"] = message.oidc_enable_pkce
    value["OIDCDisableUserInfo"] = message.oidc_disable_user_info
    value["OIDCScopes"] = all_oidc_scopes[:] if (all_oidc_scopes := message.oidc_scopes) else None
    value["BoundAudiences"] = all_bound_audiences[:] if (all_bound_audiences := message.bound_audiences) else None
    value["BoundIssuer"] = all_bound_issuer[:] if (all_bound_issuer := message.bound_issuer) else None
    value["AllowedRedirectURIs"] = all_allowed_redirect_uris[:] if (all_allowed_redirect_uris := message.allowed_redirect_uris) else None
    value["DiscoveryCaPem"] = all_discovery_ca_pem[:] if (all_discovery_ca_pem := message.discovery_ca_pem) else None
    value["SigningAlgs"] = all_signing_algs[:] if (all_signing_algs := message.signing_algs) else None
    value["ExpirationLeeway"] = rt.nanoseconds(message.expiration_leeway) if message.HasField("expiration_leeway") else 0
    value["NotBeforeLeeway"] = rt.nanoseconds(message.not_before_leeway) if message.HasField("not_before_leeway") else 0
    value["ClockSkewLeeway"] = rt.nanoseconds(message.clock_skew_leeway) if message.HasField("clock_skew_leeway") else 0
    value["ClaimMappings"] = {name: all_claim_mappings[name] for name in sorted(all_claim_mappings)} if (all_claim_mappings := message.claim_mappings) else None
    value["ListClaimMappings"] = {name: all_list_claim_mappings[name] for name in sorted(all_list_claim_mappings)} if (all_list_claim_mappings := message.list_claim_mappings) else None
    if message.verbose_logging:
        value["VerboseLogging"] = message.verbose_logging
    return value


def variable_lock_to_json(message: VariableLock) -> dict[str, rt.Json]:
    """Return the JSON object of a VariableLock, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "TTL": rt.nanoseconds(message.ttl) if message.HasField("ttl") else 0,
        "LockDelay": rt.nanoseconds(message.lock_delay) if message.HasField("lock_delay") else 0,
    }
    return value


def node_cpu_resources_to_json(message: NodeCpuResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeCpuResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "CpuShares": message.cpu_shares,
    }
    if message.total_cpu_cores:
        value["TotalCpuCores"] = message.total_cpu_cores
    if all_reservable_cpu_cores := message.reservable_cpu_cores:
        value["ReservableCpuCores"] = all_reservable_cpu_cores[:]
    return value


def node_memory_resources_to_json(message: NodeMemoryResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeMemoryResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "MemoryMB": message.memory_mb,
    }
    return value


def node_disk_resources_to_json(message: NodeDiskResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeDiskResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "DiskMB": message.disk_mb,
    }
    return value


def network_resource_to_json(message: NetworkResource) -> dict[str, rt.Json]:
    """Return the JSON object of a NetworkResource, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Mode": message.mode,
        "Device": message.device,
        "CIDR": message.cidr,
        "IP": message.ip,
        "MBits": message.mbits,
        "DNS": dns_config_to_json(message.dns) if message.HasField("dns") else None,
        "ReservedPorts": [nomad_port_to_json(item) for item in all_reserved_ports[:]] if (all_reserved_ports := message.reserved_ports) else None,
        "DynamicPorts": [nomad_port_to_json(item) for item in all_dynamic_ports[:]] if (all_dynamic_ports := message.dynamic_ports) else None,
    }
    if message.hostname:
        value["Hostname"] = message.hostname
    if message.HasField("cni"):
        value["CNI"] = cni_config_to_json(message.cni)
    return value


def node_network_resource_to_json(message: NodeNetworkResource) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeNetworkResource, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Mode": message.mode,
        "Device": message.device,
        "MacAddress": message.mac_address,
        "Speed": message.speed,
        "Addresses": [node_network_address_to_json(item) for item in all_addresses[:]] if (all_addresses := message.addresses) else None,
    }
    return value


def node_device_resource_to_json(message: NodeDeviceResource) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeDeviceResource, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Vendor": message.vendor,
        "Type": message.type,
        "Name": message.name,
        "Instances": [node_device_to_json(item) for item in all_instances[:]] if (all_instances := message.instances) else None,
        "Attributes": rt.raw(message.attributes_json),
    }
    return value


def node_processor_resources_to_json(message: NodeProcessorResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeProcessorResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Topology": numa_topology_to_json(message.topology) if message.HasField("topology") else None,
    }
    return value


def node_reserved_cpu_resources_to_json(message: NodeReservedCpuResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeReservedCpuResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "CpuShares": message.cpu_shares,
    }
    if all_reserved_cpu_cores := message.reserved_cpu_cores:
        value["ReservedCpuCores"] = all_reserved_cpu_cores[:]
    return value


def node_reserved_memory_resources_to_json(message: NodeReservedMemoryResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeReservedMemoryResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "MemoryMB": message.memory_mb,
    }
    return value


def node_reserved_disk_resources_to_json(message: NodeReservedDiskResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeReservedDiskResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "DiskMB": message.disk_mb,
    }
    return value


def node_reserved_network_resources_to_json(message: NodeReservedNetworkResources) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeReservedNetworkResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ReservedHostPorts": message.reserved_host_ports,
    }
    return value


def csi_controller_info_to_json(message: CSIControllerInfo) -> dict[str, rt.Json]:
    """Return the JSON object of a CSIControllerInfo, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "SupportsReadOnlyAttach": message.supports_read_only_attach,
        "SupportsAttachDetach": message.supports_attach_detach,
        "SupportsListVolumes": message.supports_list_volumes,
        "SupportsListVolumesAttachedNodes": message.supports_list_volumes_attached_nodes,
        "SupportsCreateDelete": message.supports_create_delete,
        "SupportsCreateDeleteSnapshot": message.supports_create_delete_snapshot,
        "SupportsListSnapshots": message.supports_list_snapshots,
        "SupportsClone": message.supports_clone,
        "SupportsGetCapacity": message.supports_get_capacity,
        "SupportsExpand": message.supports_expand,
        "SupportsCondition": message.supports_condition,
        "SupportsGet": message.supports_get,
    }
    return value


def csi_node_info_to_json(message: CSINodeInfo) -> dict[str, rt.Json]:
    """Return the JSON object of a CSINodeInfo, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "MaxVolumes": message.max_volumes,
        "AccessibleTopology": csi_topology_to_json(message.accessible_topology) if message.HasField("accessible_topology") else None,
        "RequiresNodeStageVolume": message.requires_node_stage_volume,
        "SupportsStats": message.supports_stats,
        "SupportsExpand": message.supports_expand,
        "SupportsCondition": message.supports_condition,
    }
    return value


def job_spread_target_to_json(message: JobSpreadTarget) -> dict[str, rt.Json]:
    """Return the JSON object of a JobSpreadTarget, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Value": message.value,
        "Percent": message.percent,
    }
    return value


def job_multiregion_strategy_to_json(message: JobMultiregionStrategy) -> dict[str, rt.Json]:
    """Return the JSON object of a JobMultiregionStrategy, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "MaxParallel": message.max_parallel,
        "OnFailure": message.on_failure,
    }
    return value


def job_ui_link_to_json(message: JobUILink) -> dict[str, rt.Json]:
    """Return the JSON object of a JobUILink, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Label": message.label,
        "Url": message.url,
    }
    return value


def allocated_task_resources_to_json(message: AllocatedTaskResources) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedTaskResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Cpu": allocated_cpu_resources_to_json(message.cpu) if message.HasField("cpu") else None,
        "Memory": allocated_memory_resources_to_json(message.memory) if message.HasField("memory") else None,
        "Networks": [network_resource_to_json(item) for item in all_networks[:]] if (all_networks := message.networks) else None,
        "Devices": rt.raw(message.devices_json),
    }
    return value


def task_lifecycle_to_json(message: TaskLifecycle) -> dict[str, rt.Json]:
    """Return the JSON object of a TaskLifecycle, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Hook": message.hook,
        "Sidecar": message.sidecar,
    }
    return value


def allocated_shared_resources_to_json(message: AllocatedSharedResources) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedSharedResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Networks": [network_resource_to_json(item) for item in all_networks[:]] if (all_networks := message.networks) else None,
        "DiskMB": message.disk_mb,
        "Ports": [allocated_port_mapping_to_json(item) for item in all_ports[:]] if (all_ports := message.ports) else None,
    }
    return value


def node_score_meta_to_json(message: NodeScoreMeta) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeScoreMeta, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "NodeID": message.node_id,
        "Scores": {name: all_scores[name] for name in sorted(all_scores)} if (all_scores := message.scores) else None,
        "NormScore": message.norm_score,
    }
    return value


def task_event_to_json(message: TaskEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a TaskEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Type": message.type,
        "Time": message.time,
        "Message": message.message,
        "DisplayMessage": message.display_message,
        "Details": {name: all_details[name] for name in sorted(all_details)} if (all_details := message.details) else None,
        "FailsTask": message.fails_task,
        "RestartReason": message.restart_reason,
        "SetupError": message.setup_error,
        "DriverError": message.driver_error,
        "ExitCode": message.exit_code,
        "Signal": message.signal,
        "KillTimeout": rt.nanoseconds(message.kill_timeout) if message.HasField("kill_timeout") else 0,
        "KillError": message.kill_error,
        "KillReason": message.kill_reason,
        "StartDelay": message.start_delay,
        "DownloadError": message.download_error,
        "ValidationError": message.validation_error,
        "DiskLimit": message.disk_limit,
        "FailedSibling": message.failed_sibling,
        "VaultError": message.vault_error,
        "TaskSignalReason": message.task_signal_reason,
        "TaskSignal": message.task_signal,
        "DriverMessage": message.driver_message,
        "GenericSource": message.generic_source,
    }
    return value


def reschedule_event_to_json(message: RescheduleEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a RescheduleEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "RescheduleTime": message.reschedule_time,
        "PrevAllocID": message.prev_alloc_id,
        "PrevNodeID": message.prev_node_id,
        "Delay": rt.nanoseconds(message.delay) if message.HasField("delay") else 0,
    }
    return value


def dns_config_to_json(message: DnsConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a DnsConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Servers": all_servers[:] if (all_servers := message.servers) else None,
        "Searches": all_searches[:] if (all_searches := message.searches) else None,
        "Options": all_options[:] if (all_options := message.options) else None,
    }
    return value


def auth_method_client_assertion_to_json(message: AuthMethodClientAssertion) -> dict[str, rt.Json]:
    """Return the JSON object of a AuthMethodClientAssertion, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Audience": all_audience[:] if (all_audience := message.audience) else None,
        "PrivateKey": auth_method_private_key_to_json(message.private_key) if message.HasField("private_key") else None,
        "ExtraHeaders": {name: all_extra_headers[name] for name in sorted(all_extra_headers)} if (all_extra_headers := message.extra_headers) else None,
        "KeySource": message.key_source,
        "KeyAlgorithm": message.key_algorithm,
    }
    if message.client_secret:
        value["ClientSecret"] = message.client_secret
    return value


def nomad_port_to_json(message: NomadPort) -> dict[str, rt.Json]:
    """Return the JSON object of a NomadPort, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Label": message.label,
        "Value": message.value,
        "To": message.to,
        "HostNetwork": message.host_network,
    }
    if message.ignore_collision:
        value["IgnoreCollision"] = message.ignore_collision
    return value


def cni_config_to_json(message: CniConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a CniConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Args": {name: all_args[name] for name in sorted(all_args)} if (all_args := message.args) else None,
    }
    return value


def node_network_address_to_json(message: NodeNetworkAddress) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeNetworkAddress, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Family": message.family,
        "Alias": message.alias,
        "Address": message.address,
        "ReservedPorts": message.reserved_ports,
        "Gateway": message.gateway,
    }
    return value


def node_device_to_json(message: NodeDevice) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeDevice, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Healthy": message.healthy,
        "HealthDescription": message.health_description,
        "Locality": node_device_locality_to_json(message.locality) if message.HasField("locality") else None,
    }
    return value


def numa_topology_to_json(message: NumaTopology) -> dict[str, rt.Json]:
    """Return the JSON object of a NumaTopology, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Nodes": all_nodes[:] if (all_nodes := message.nodes) else None,
        "Distances": rt.raw(message.distances_json),
        "Cores": [numa_core_to_json(item) for item in all_cores[:]] if (all_cores := message.cores) else None,
        "OverrideTotalCompute": message.override_total_compute,
        "OverrideWitholdCompute": message.override_withold_compute,
    }
    return value


def csi_topology_to_json(message: CSITopology) -> dict[str, rt.Json]:
    """Return the JSON object of a CSITopology, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Segments": {name: all_segments[name] for name in sorted(all_segments)} if (all_segments := message.segments) else None,
    }
    return value


def allocated_cpu_resources_to_json(message: AllocatedCpuResources) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedCpuResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "CpuShares": message.cpu_shares,
        "ReservedCores": all_reserved_cores[:] if (all_reserved_cores := message.reserved_cores) else None,
    }
    return value


def allocated_memory_resources_to_json(message: AllocatedMemoryResources) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedMemoryResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "MemoryMB": message.memory_mb,
        "MemoryMaxMB": message.memory_max_mb,
    }
    return value


def allocated_port_mapping_to_json(message: AllocatedPortMapping) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedPortMapping, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Label": message.label,
        "Value": message.value,
        "To": message.to,
        "HostIP": message.host_ip,
    }
    if message.ignore_collision:
        value["IgnoreCollision"] = message.ignore_collision
    return value


def auth_method_private_key_to_json(message: AuthMethodPrivateKey) -> dict[str, rt.Json]:
    """Return the JSON object of a AuthMethodPrivateKey, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "PemKey": message.pem_key,
        "PemKeyFile": message.pem_key_file,
        "PemCert": message.pem_cert,
        "PemCertFile": message.pem_cert_file,
        "KeyIDHeader": message.key_id_header,
        "KeyID": message.key_id,
    }
    return value


def node_device_locality_to_json(message: NodeDeviceLocality) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeDeviceLocality, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "PciBusID": message.pci_bus_id,
    }
    return value


def numa_core_to_json(message: NumaCore) -> dict[str, rt.Json]:
    """Return the JSON object of a NumaCore, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "SocketID": message.socket_id,
        "NodeID": message.node_id,
        "ID": message.id,
        "Grade": message.grade,
        "Disable": message.disable,
        "BaseSpeed": message.base_speed,
        "MaxSpeed": message.max_speed,
        "GuessSpeed": message.guess_speed,
    }
    return value


class _NomadEventShape(rt.Shape):
    topic: rt.Text = msgspec.field(default=None, name="Topic")
    type: rt.Text = msgspec.field(default=None, name="Type")
    key: rt.Text = msgspec.field(default=None, name="Key")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    filter_keys: list[str] | None = msgspec.field(default=None, name="FilterKeys")
    payload: _NomadPayloadShape | None = msgspec.field(default=None, name="Payload")


class _NomadPayloadShape(rt.Shape):
    node: _NodeShape | None = msgspec.field(default=None, name="Node")
    job: _JobShape | None = msgspec.field(default=None, name="Job")
    allocation: _AllocationShape | None = msgspec.field(default=None, name="Allocation")
    evaluation: _EvaluationShape | None = msgspec.field(default=None, name="Evaluation")
    deployment: _DeploymentShape | None = msgspec.field(default=None, name="Deployment")
    node_pool: _NodePoolShape | None = msgspec.field(default=None, name="NodePool")
    service: _ServiceRegistrationShape | None = msgspec.field(default=None, name="Service")
    acl_token: _ACLTokenShape | None = msgspec.field(default=None, name="ACLToken")
    acl_policy: _ACLPolicyShape | None = msgspec.field(default=None, name="ACLPolicy")
    acl_role: _ACLRoleShape | None = msgspec.field(default=None, name="ACLRole")
    auth_method: _AuthMethodShape | None = msgspec.field(default=None, name="AuthMethod")
    acl_binding_rule: _ACLBindingRuleShape | None = msgspec.field(default=None, name="ACLBindingRule")
    volume: _NomadVolumeShape | None = msgspec.field(default=None, name="Volume")
    plugin: _CSIPluginShape | None = msgspec.field(default=None, name="Plugin")
    metadata: _VariableMetadataShape | None = msgspec.field(default=None, name="Metadata")
    deleted: rt.Flag = msgspec.field(default=None, name="Deleted")
    timeout: rt.Flag = msgspec.field(default=None, name="Timeout")
    timeout_reason: rt.Text = msgspec.field(default=None, name="TimeoutReason")


class _NodeShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    datacenter: rt.Text = msgspec.field(default=None, name="Datacenter")
    name: rt.Text = msgspec.field(default=None, name="Name")
    http_addr: rt.Text = msgspec.field(default=None, name="HTTPAddr")
    tls_enabled: rt.Flag = msgspec.field(default=None, name="TLSEnabled")
    attributes: dict[str, str] | None = msgspec.field(default=None, name="Attributes")
    node_resources: _NodeResourcesShape | None = msgspec.field(default=None, name="NodeResources")
    reserved_resources: _NodeReservedResourcesShape | None = msgspec.field(default=None, name="ReservedResources")
    resources: _ResourcesShape | None = msgspec.field(default=None, name="Resources")
    reserved: _ResourcesShape | None = msgspec.field(default=None, name="Reserved")
    links: dict[str, str] | None = msgspec.field(default=None, name="Links")
    meta: dict[str, str] | None = msgspec.field(default=None, name="Meta")
    node_class: rt.Text = msgspec.field(default=None, name="NodeClass")
    computed_class: rt.Text = msgspec.field(default=None, name="ComputedClass")
    drain: rt.Flag = msgspec.field(default=None, name="Drain")
    drain_strategy: _DrainStrategyShape | None = msgspec.field(default=None, name="DrainStrategy")
    scheduling_eligibility: rt.Text = msgspec.field(default=None, name="SchedulingEligibility")
    status: rt.Text = msgspec.field(default=None, name="Status")
    status_description: rt.Text = msgspec.field(default=None, name="StatusDescription")
    status_updated_at: rt.Int64 = msgspec.field(default=None, name="StatusUpdatedAt")
    events: list[_NodeEventShape] | None = msgspec.field(default=None, name="Events")
    drivers: dict[str, _DriverInfoShape] | None = msgspec.field(default=None, name="Drivers")
    csi_controller_plugins: dict[str, _CSIInfoShape] | None = msgspec.field(default=None, name="CSIControllerPlugins")
    csi_node_plugins: dict[str, _CSIInfoShape] | None = msgspec.field(default=None, name="CSINodePlugins")
    host_volumes: dict[str, _ClientHostVolumeConfigShape] | None = msgspec.field(default=None, name="HostVolumes")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    secret_id: rt.Text = msgspec.field(default=None, name="SecretID")
    node_pool: rt.Text = msgspec.field(default=None, name="NodePool")
    cgroup_parent: rt.Text = msgspec.field(default=None, name="CgroupParent")
    host_networks: dict[str, _ClientHostNetworkConfigShape] | None = msgspec.field(default=None, name="HostNetworks")
    last_drain: _DrainMetadataShape | None = msgspec.field(default=None, name="LastDrain")
    last_missed_heartbeat_index: rt.Uint64 = msgspec.field(default=None, name="LastMissedHeartbeatIndex")
    last_alloc_update_index: rt.Uint64 = msgspec.field(default=None, name="LastAllocUpdateIndex")
    gc_volumes_on_node_gc: rt.Flag = msgspec.field(default=None, name="GCVolumesOnNodeGC")
    node_max_allocs: rt.Int64 = msgspec.field(default=None, name="NodeMaxAllocs")
    identity_signing_key_id: rt.Text = msgspec.field(default=None, name="IdentitySigningKeyID")


class _JobShape(rt.Shape):
    stop: rt.Flag = msgspec.field(default=None, name="Stop")
    region: rt.Text = msgspec.field(default=None, name="Region")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    id: rt.Text = msgspec.field(default=None, name="ID")
    parent_id: rt.Text = msgspec.field(default=None, name="ParentID")
    name: rt.Text = msgspec.field(default=None, name="Name")
    type: rt.Text = msgspec.field(default=None, name="Type")
    priority: rt.Int64 = msgspec.field(default=None, name="Priority")
    all_at_once: rt.Flag = msgspec.field(default=None, name="AllAtOnce")
    datacenters: list[str] | None = msgspec.field(default=None, name="Datacenters")
    node_pool: rt.Text = msgspec.field(default=None, name="NodePool")
    constraints: list[_JobConstraintShape] | None = msgspec.field(default=None, name="Constraints")
    affinities: list[_JobAffinityShape] | None = msgspec.field(default=None, name="Affinities")
    spreads: list[_JobSpreadShape] | None = msgspec.field(default=None, name="Spreads")
    task_groups: list[_TaskGroupShape] | None = msgspec.field(default=None, name="TaskGroups")
    update: _UpdateStrategyShape | None = msgspec.field(default=None, name="Update")
    multiregion: _JobMultiregionShape | None = msgspec.field(default=None, name="Multiregion")
    periodic: _PeriodicConfigShape | None = msgspec.field(default=None, name="Periodic")
    parameterized_job: _ParameterizedJobConfigShape | None = msgspec.field(default=None, name="ParameterizedJob")
    dispatched: rt.Flag = msgspec.field(default=None, name="Dispatched")
    dispatch_idempotency_token: rt.Text = msgspec.field(default=None, name="DispatchIdempotencyToken")
    payload: rt.Text = msgspec.field(default=None, name="Payload")
    meta: dict[str, str] | None = msgspec.field(default=None, name="Meta")
    consul_token: rt.Text = msgspec.field(default=None, name="ConsulToken")
    consul_namespace: rt.Text = msgspec.field(default=None, name="ConsulNamespace")
    vault_token: rt.Text = msgspec.field(default=None, name="VaultToken")
    vault_namespace: rt.Text = msgspec.field(default=None, name="VaultNamespace")
    nomad_token_id: rt.Text = msgspec.field(default=None, name="NomadTokenID")
    status: rt.Text = msgspec.field(default=None, name="Status")
    status_description: rt.Text = msgspec.field(default=None, name="StatusDescription")
    stable: rt.Flag = msgspec.field(default=None, name="Stable")
    version: rt.Uint64 = msgspec.field(default=None, name="Version")
    submit_time: rt.Int64 = msgspec.field(default=None, name="SubmitTime")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    job_modify_index: rt.Uint64 = msgspec.field(default=None, name="JobModifyIndex")
    ui: _JobUIConfigShape | None = msgspec.field(default=None, name="UI")
    version_tag: _JobVersionTagShape | None = msgspec.field(default=None, name="VersionTag")


class _AllocationShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    eval_id: rt.Text = msgspec.field(default=None, name="EvalID")
    name: rt.Text = msgspec.field(default=None, name="Name")
    node_id: rt.Text = msgspec.field(default=None, name="NodeID")
    node_name: rt.Text = msgspec.field(default=None, name="NodeName")
    job_id: rt.Text = msgspec.field(default=None, name="JobID")
    task_group: rt.Text = msgspec.field(default=None, name="TaskGroup")
    resources: _ResourcesShape | None = msgspec.field(default=None, name="Resources")
    shared_resources: _ResourcesShape | None = msgspec.field(default=None, name="SharedResources")
    task_resources: dict[str, _ResourcesShape] | None = msgspec.field(default=None, name="TaskResources")
    allocated_resources: _AllocatedResourcesShape | None = msgspec.field(default=None, name="AllocatedResources")
    metrics: _AllocMetricShape | None = msgspec.field(default=None, name="Metrics")
    desired_status: rt.Text = msgspec.field(default=None, name="DesiredStatus")
    desired_description: rt.Text = msgspec.field(default=None, name="DesiredDescription")
    desired_transition: _DesiredTransitionShape | None = msgspec.field(default=None, name="DesiredTransition")
    client_status: rt.Text = msgspec.field(default=None, name="ClientStatus")
    client_description: rt.Text = msgspec.field(default=None, name="ClientDescription")
    task_states: dict[str, _TaskStateShape] | None = msgspec.field(default=None, name="TaskStates")
    alloc_states: list[_AllocStateShape] | None = msgspec.field(default=None, name="AllocStates")
    previous_allocation: rt.Text = msgspec.field(default=None, name="PreviousAllocation")
    next_allocation: rt.Text = msgspec.field(default=None, name="NextAllocation")
    deployment_id: rt.Text = msgspec.field(default=None, name="DeploymentID")
    deployment_status: _AllocDeploymentStatusShape | None = msgspec.field(default=None, name="DeploymentStatus")
    reschedule_tracker: _RescheduleTrackerShape | None = msgspec.field(default=None, name="RescheduleTracker")
    network_status: _AllocNetworkStatusShape | None = msgspec.field(default=None, name="NetworkStatus")
    followup_eval_id: rt.Text = msgspec.field(default=None, name="FollowupEvalID")
    preempted_allocations: list[str] | None = msgspec.field(default=None, name="PreemptedAllocations")
    preempted_by_allocation: rt.Text = msgspec.field(default=None, name="PreemptedByAllocation")
    signed_identities: dict[str, str] | None = msgspec.field(default=None, name="SignedIdentities")
    signing_key_id: rt.Text = msgspec.field(default=None, name="SigningKeyID")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    alloc_modify_index: rt.Uint64 = msgspec.field(default=None, name="AllocModifyIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")
    job_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Job")


class _EvaluationShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    priority: rt.Int64 = msgspec.field(default=None, name="Priority")
    type: rt.Text = msgspec.field(default=None, name="Type")
    triggered_by: rt.Text = msgspec.field(default=None, name="TriggeredBy")
    job_id: rt.Text = msgspec.field(default=None, name="JobID")
    job_modify_index: rt.Uint64 = msgspec.field(default=None, name="JobModifyIndex")
    node_id: rt.Text = msgspec.field(default=None, name="NodeID")
    node_modify_index: rt.Uint64 = msgspec.field(default=None, name="NodeModifyIndex")
    deployment_id: rt.Text = msgspec.field(default=None, name="DeploymentID")
    status: rt.Text = msgspec.field(default=None, name="Status")
    status_description: rt.Text = msgspec.field(default=None, name="StatusDescription")
    wait: rt.Int64 = msgspec.field(default=None, name="Wait")
    wait_until: rt.Text = msgspec.field(default=None, name="WaitUntil")
    next_eval: rt.Text = msgspec.field(default=None, name="NextEval")
    previous_eval: rt.Text = msgspec.field(default=None, name="PreviousEval")
    blocked_eval: rt.Text = msgspec.field(default=None, name="BlockedEval")
    related_evals: list[_EvaluationStubShape] | None = msgspec.field(default=None, name="RelatedEvals")
    failed_tg_allocs: dict[str, _AllocMetricShape] | None = msgspec.field(default=None, name="FailedTGAllocs")
    plan_annotations_json: rt.Raw = msgspec.field(default=rt.Raw(), name="PlanAnnotations")
    class_eligibility: dict[str, bool] | None = msgspec.field(default=None, name="ClassEligibility")
    quota_limit_reached: rt.Text = msgspec.field(default=None, name="QuotaLimitReached")
    missing_non_node_resources: list[str] | None = msgspec.field(default=None, name="MissingNonNodeResources")
    escaped_computed_class: rt.Flag = msgspec.field(default=None, name="EscapedComputedClass")
    annotate_plan: rt.Flag = msgspec.field(default=None, name="AnnotatePlan")
    queued_allocations: dict[str, rt.Signed] | None = msgspec.field(default=None, name="QueuedAllocations")
    leader_acl: rt.Text = msgspec.field(default=None, name="LeaderACL")
    snapshot_index: rt.Uint64 = msgspec.field(default=None, name="SnapshotIndex")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")


class _DeploymentShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    job_id: rt.Text = msgspec.field(default=None, name="JobID")
    job_version: rt.Uint64 = msgspec.field(default=None, name="JobVersion")
    job_modify_index: rt.Uint64 = msgspec.field(default=None, name="JobModifyIndex")
    job_spec_modify_index: rt.Uint64 = msgspec.field(default=None, name="JobSpecModifyIndex")
    job_create_index: rt.Uint64 = msgspec.field(default=None, name="JobCreateIndex")
    is_multiregion: rt.Flag = msgspec.field(default=None, name="IsMultiregion")
    task_groups: dict[str, _DeploymentStateShape] | None = msgspec.field(default=None, name="TaskGroups")
    status: rt.Text = msgspec.field(default=None, name="Status")
    status_description: rt.Text = msgspec.field(default=None, name="StatusDescription")
    eval_priority: rt.Int64 = msgspec.field(default=None, name="EvalPriority")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")


class _NodePoolShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    description: rt.Text = msgspec.field(default=None, name="Description")
    meta: dict[str, str] | None = msgspec.field(default=None, name="Meta")
    scheduler_configuration: _NodePoolSchedulerConfigurationShape | None = msgspec.field(default=None, name="SchedulerConfiguration")
    node_identity_ttl: rt.Int64 = msgspec.field(default=None, name="NodeIdentityTTL")
    hash: rt.Text = msgspec.field(default=None, name="Hash")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _ServiceRegistrationShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    service_name: rt.Text = msgspec.field(default=None, name="ServiceName")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    node_id: rt.Text = msgspec.field(default=None, name="NodeID")
    datacenter: rt.Text = msgspec.field(default=None, name="Datacenter")
    job_id: rt.Text = msgspec.field(default=None, name="JobID")
    alloc_id: rt.Text = msgspec.field(default=None, name="AllocID")
    tags: list[str] | None = msgspec.field(default=None, name="Tags")
    address: rt.Text = msgspec.field(default=None, name="Address")
    port: rt.Int64 = msgspec.field(default=None, name="Port")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _ACLTokenShape(rt.Shape):
    accessor_id: rt.Text = msgspec.field(default=None, name="AccessorID")
    secret_id: rt.Text = msgspec.field(default=None, name="SecretID")
    name: rt.Text = msgspec.field(default=None, name="Name")
    type: rt.Text = msgspec.field(default=None, name="Type")
    policies: list[str] | None = msgspec.field(default=None, name="Policies")
    roles: list[_ACLTokenRoleLinkShape] | None = msgspec.field(default=None, name="Roles")
    is_global: rt.Flag = msgspec.field(default=None, name="Global")
    hash: rt.Text = msgspec.field(default=None, name="Hash")
    create_time: rt.Text = msgspec.field(default=None, name="CreateTime")
    expiration_time: rt.Text = msgspec.field(default=None, name="ExpirationTime")
    expiration_ttl: rt.Int64 = msgspec.field(default=None, name="ExpirationTTL")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _ACLPolicyShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    description: rt.Text = msgspec.field(default=None, name="Description")
    rules: rt.Text = msgspec.field(default=None, name="Rules")
    rules_json: rt.Raw = msgspec.field(default=rt.Raw(), name="RulesJSON")
    job_acl: _ACLPolicyJobShape | None = msgspec.field(default=None, name="JobACL")
    hash: rt.Text = msgspec.field(default=None, name="Hash")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _ACLRoleShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    name: rt.Text = msgspec.field(default=None, name="Name")
    description: rt.Text = msgspec.field(default=None, name="Description")
    policies: list[_ACLRolePolicyLinkShape] | None = msgspec.field(default=None, name="Policies")
    hash: rt.Text = msgspec.field(default=None, name="Hash")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _AuthMethodShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    type: rt.Text = msgspec.field(default=None, name="Type")
    token_locality: rt.Text = msgspec.field(default=None, name="TokenLocality")
    token_name_format: rt.Text = msgspec.field(default=None, name="TokenNameFormat")
    max_token_ttl: rt.Int64 = msgspec.field(default=None, name="MaxTokenTTL")
    default: rt.Flag = msgspec.field(default=None, name="Default")
    config: _AuthMethodConfigShape | None = msgspec.field(default=None, name="Config")
    hash: rt.Text = msgspec.field(default=None, name="Hash")
    create_time: rt.Text = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Text = msgspec.field(default=None, name="ModifyTime")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _ACLBindingRuleShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    description: rt.Text = msgspec.field(default=None, name="Description")
    auth_method: rt.Text = msgspec.field(default=None, name="AuthMethod")
    selector: rt.Text = msgspec.field(default=None, name="Selector")
    bind_type: rt.Text = msgspec.field(default=None, name="BindType")
    bind_name: rt.Text = msgspec.field(default=None, name="BindName")
    hash: rt.Text = msgspec.field(default=None, name="Hash")
    create_time: rt.Text = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Text = msgspec.field(default=None, name="ModifyTime")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _NomadVolumeShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    name: rt.Text = msgspec.field(default=None, name="Name")
    external_id: rt.Text = msgspec.field(default=None, name="ExternalID")
    plugin_id: rt.Text = msgspec.field(default=None, name="PluginID")
    node_pool: rt.Text = msgspec.field(default=None, name="NodePool")
    node_id: rt.Text = msgspec.field(default=None, name="NodeID")
    host_path: rt.Text = msgspec.field(default=None, name="HostPath")
    state: rt.Text = msgspec.field(default=None, name="State")
    capacity_bytes: rt.Int64 = msgspec.field(default=None, name="CapacityBytes")
    capacity: rt.Int64 = msgspec.field(default=None, name="Capacity")
    requested_capacity_min_bytes: rt.Int64 = msgspec.field(default=None, name="RequestedCapacityMinBytes")
    requested_capacity_max_bytes: rt.Int64 = msgspec.field(default=None, name="RequestedCapacityMaxBytes")
    requested_capabilities_json: rt.Raw = msgspec.field(default=rt.Raw(), name="RequestedCapabilities")
    constraints_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Constraints")
    parameters: dict[str, str] | None = msgspec.field(default=None, name="Parameters")
    topologies_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Topologies")
    requested_topologies_json: rt.Raw = msgspec.field(default=rt.Raw(), name="RequestedTopologies")
    access_mode: rt.Text = msgspec.field(default=None, name="AccessMode")
    attachment_mode: rt.Text = msgspec.field(default=None, name="AttachmentMode")
    mount_options_json: rt.Raw = msgspec.field(default=rt.Raw(), name="MountOptions")
    secrets: dict[str, str] | None = msgspec.field(default=None, name="Secrets")
    context: dict[str, str] | None = msgspec.field(default=None, name="Context")
    read_allocs_json: rt.Raw = msgspec.field(default=rt.Raw(), name="ReadAllocs")
    write_allocs_json: rt.Raw = msgspec.field(default=rt.Raw(), name="WriteAllocs")
    read_claims_json: rt.Raw = msgspec.field(default=rt.Raw(), name="ReadClaims")
    write_claims_json: rt.Raw = msgspec.field(default=rt.Raw(), name="WriteClaims")
    past_claims_json: rt.Raw = msgspec.field(default=rt.Raw(), name="PastClaims")
    schedulable: rt.Flag = msgspec.field(default=None, name="Schedulable")
    provider: rt.Text = msgspec.field(default=None, name="Provider")
    provider_version: rt.Text = msgspec.field(default=None, name="ProviderVersion")
    controller_required: rt.Flag = msgspec.field(default=None, name="ControllerRequired")
    controllers_healthy: rt.Int64 = msgspec.field(default=None, name="ControllersHealthy")
    controllers_expected: rt.Int64 = msgspec.field(default=None, name="ControllersExpected")
    nodes_healthy: rt.Int64 = msgspec.field(default=None, name="NodesHealthy")
    nodes_expected: rt.Int64 = msgspec.field(default=None, name="NodesExpected")
    resource_exhausted: rt.Text = msgspec.field(default=None, name="ResourceExhausted")
    allocations_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Allocations")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")
    requested_capacity_min: rt.Int64 = msgspec.field(default=None, name="RequestedCapacityMin")
    requested_capacity_max: rt.Int64 = msgspec.field(default=None, name="RequestedCapacityMax")
    clone_id: rt.Text = msgspec.field(default=None, name="CloneID")
    snapshot_id: rt.Text = msgspec.field(default=None, name="SnapshotID")


class _CSIPluginShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    provider: rt.Text = msgspec.field(default=None, name="Provider")
    version: rt.Text = msgspec.field(default=None, name="Version")
    controller_required: rt.Flag = msgspec.field(default=None, name="ControllerRequired")
    controllers_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Controllers")
    nodes_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Nodes")
    allocations_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Allocations")
    controller_jobs_json: rt.Raw = msgspec.field(default=rt.Raw(), name="ControllerJobs")
    node_jobs_json: rt.Raw = msgspec.field(default=rt.Raw(), name="NodeJobs")
    controllers_healthy: rt.Int64 = msgspec.field(default=None, name="ControllersHealthy")
    controllers_expected: rt.Int64 = msgspec.field(default=None, name="ControllersExpected")
    nodes_healthy: rt.Int64 = msgspec.field(default=None, name="NodesHealthy")
    nodes_expected: rt.Int64 = msgspec.field(default=None, name="NodesExpected")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")


class _VariableMetadataShape(rt.Shape):
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    path: rt.Text = msgspec.field(default=None, name="Path")
    lock: _VariableLockShape | None = msgspec.field(default=None, name="Lock")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")


class _NodeResourcesShape(rt.Shape):
    cpu: _NodeCpuResourcesShape | None = msgspec.field(default=None, name="Cpu")
    memory: _NodeMemoryResourcesShape | None = msgspec.field(default=None, name="Memory")
    disk: _NodeDiskResourcesShape | None = msgspec.field(default=None, name="Disk")
    networks: list[_NetworkResourceShape] | None = msgspec.field(default=None, name="Networks")
    node_networks: list[_NodeNetworkResourceShape] | None = msgspec.field(default=None, name="NodeNetworks")
    devices: list[_NodeDeviceResourceShape] | None = msgspec.field(default=None, name="Devices")
    processors: _NodeProcessorResourcesShape | None = msgspec.field(default=None, name="Processors")
    min_dynamic_port: rt.Int64 = msgspec.field(default=None, name="MinDynamicPort")
    max_dynamic_port: rt.Int64 = msgspec.field(default=None, name="MaxDynamicPort")


class _NodeReservedResourcesShape(rt.Shape):
    cpu: _NodeReservedCpuResourcesShape | None = msgspec.field(default=None, name="Cpu")
    memory: _NodeReservedMemoryResourcesShape | None = msgspec.field(default=None, name="Memory")
    disk: _NodeReservedDiskResourcesShape | None = msgspec.field(default=None, name="Disk")
    networks: _NodeReservedNetworkResourcesShape | None = msgspec.field(default=None, name="Networks")


class _ResourcesShape(rt.Shape):
    cpu: rt.Int64 = msgspec.field(default=None, name="CPU")
    memory_mb: rt.Int64 = msgspec.field(default=None, name="MemoryMB")
    disk_mb: rt.Int64 = msgspec.field(default=None, name="DiskMB")
    iops: rt.Int64 = msgspec.field(default=None, name="IOPS")
    networks: list[_NetworkResourceShape] | None = msgspec.field(default=None, name="Networks")
    devices_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Devices")
    cores: rt.Int64 = msgspec.field(default=None, name="Cores")
    memory_max_mb: rt.Int64 = msgspec.field(default=None, name="MemoryMaxMB")
    numa_json: rt.Raw = msgspec.field(default=rt.Raw(), name="NUMA")
    secrets_mb: rt.Int64 = msgspec.field(default=None, name="SecretsMB")


class _DrainStrategyShape(rt.Shape):
    deadline: rt.Int64 = msgspec.field(default=None, name="Deadline")
    ignore_system_jobs: rt.Flag = msgspec.field(default=None, name="IgnoreSystemJobs")
    force_deadline: rt.Text = msgspec.field(default=None, name="ForceDeadline")
    started_at: rt.Text = msgspec.field(default=None, name="StartedAt")


class _NodeEventShape(rt.Shape):
    message: rt.Text = msgspec.field(default=None, name="Message")
    subsystem: rt.Text = msgspec.field(default=None, name="Subsystem")
    details: dict[str, str] | None = msgspec.field(default=None, name="Details")
    timestamp: rt.Text = msgspec.field(default=None, name="Timestamp")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")


class _DriverInfoShape(rt.Shape):
    attributes: dict[str, str] | None = msgspec.field(default=None, name="Attributes")
    detected: rt.Flag = msgspec.field(default=None, name="Detected")
    healthy: rt.Flag = msgspec.field(default=None, name="Healthy")
    health_description: rt.Text = msgspec.field(default=None, name="HealthDescription")
    update_time: rt.Text = msgspec.field(default=None, name="UpdateTime")


class _CSIInfoShape(rt.Shape):
    plugin_id: rt.Text = msgspec.field(default=None, name="PluginID")
    alloc_id: rt.Text = msgspec.field(default=None, name="AllocID")
    healthy: rt.Flag = msgspec.field(default=None, name="Healthy")
    health_description: rt.Text = msgspec.field(default=None, name="HealthDescription")
    update_time: rt.Text = msgspec.field(default=None, name="UpdateTime")
    provider: rt.Text = msgspec.field(default=None, name="Provider")
    provider_version: rt.Text = msgspec.field(default=None, name="ProviderVersion")
    requires_controller_plugin: rt.Flag = msgspec.field(default=None, name="RequiresControllerPlugin")
    requires_topologies: rt.Flag = msgspec.field(default=None, name="RequiresTopologies")
    controller_info: _CSIControllerInfoShape | None = msgspec.field(default=None, name="ControllerInfo")
    node_info: _CSINodeInfoShape | None = msgspec.field(default=None, name="NodeInfo")


class _ClientHostVolumeConfigShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    path: rt.Text = msgspec.field(default=None, name="Path")
    read_only: rt.Flag = msgspec.field(default=None, name="ReadOnly")
    id: rt.Text = msgspec.field(default=None, name="ID")


class _ClientHostNetworkConfigShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    cidr: rt.Text = msgspec.field(default=None, name="CIDR")
    interface: rt.Text = msgspec.field(default=None, name="Interface")
    reserved_ports: rt.Text = msgspec.field(default=None, name="ReservedPorts")


class _DrainMetadataShape(rt.Shape):
    started_at: rt.Text = msgspec.field(default=None, name="StartedAt")
    updated_at: rt.Text = msgspec.field(default=None, name="UpdatedAt")
    status: rt.Text = msgspec.field(default=None, name="Status")
    accessor_id: rt.Text = msgspec.field(default=None, name="AccessorID")
    meta: dict[str, str] | None = msgspec.field(default=None, name="Meta")


class _JobConstraintShape(rt.Shape):
    l_target: rt.Text = msgspec.field(default=None, name="LTarget")
    r_target: rt.Text = msgspec.field(default=None, name="RTarget")
    operand: rt.Text = msgspec.field(default=None, name="Operand")


class _JobAffinityShape(rt.Shape):
    l_target: rt.Text = msgspec.field(default=None, name="LTarget")
    r_target: rt.Text = msgspec.field(default=None, name="RTarget")
    operand: rt.Text = msgspec.field(default=None, name="Operand")
    weight: rt.Int64 = msgspec.field(default=None, name="Weight")


class _JobSpreadShape(rt.Shape):
    attribute: rt.Text = msgspec.field(default=None, name="Attribute")
    weight: rt.Int64 = msgspec.field(default=None, name="Weight")
    spread_target: list[_JobSpreadTargetShape] | None = msgspec.field(default=None, name="SpreadTarget")


class _TaskGroupShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    count: rt.Int64 = msgspec.field(default=None, name="Count")
    update: _UpdateStrategyShape | None = msgspec.field(default=None, name="Update")
    migrate_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Migrate")
    constraints: list[_JobConstraintShape] | None = msgspec.field(default=None, name="Constraints")
    scaling_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Scaling")
    restart_policy_json: rt.Raw = msgspec.field(default=rt.Raw(), name="RestartPolicy")
    disconnect_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Disconnect")
    tasks_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Tasks")
    ephemeral_disk_json: rt.Raw = msgspec.field(default=rt.Raw(), name="EphemeralDisk")
    meta: dict[str, str] | None = msgspec.field(default=None, name="Meta")
    reschedule_policy_json: rt.Raw = msgspec.field(default=rt.Raw(), name="ReschedulePolicy")
    affinities: list[_JobAffinityShape] | None = msgspec.field(default=None, name="Affinities")
    spreads: list[_JobSpreadShape] | None = msgspec.field(default=None, name="Spreads")
    networks: list[_NetworkResourceShape] | None = msgspec.field(default=None, name="Networks")
    consul_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Consul")
    services_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Services")
    volumes_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Volumes")
    shutdown_delay: rt.Int64 = msgspec.field(default=None, name="ShutdownDelay")
    max_run_duration: rt.Int64 = msgspec.field(default=None, name="MaxRunDuration")
    stop_after_client_disconnect: rt.Int64 = msgspec.field(default=None, name="StopAfterClientDisconnect")
    max_client_disconnect: rt.Int64 = msgspec.field(default=None, name="MaxClientDisconnect")
    prevent_reschedule_on_lost: rt.Flag = msgspec.field(default=None, name="PreventRescheduleOnLost")


class _UpdateStrategyShape(rt.Shape):
    stagger: rt.Int64 = msgspec.field(default=None, name="Stagger")
    max_parallel: rt.Int64 = msgspec.field(default=None, name="MaxParallel")
    health_check: rt.Text = msgspec.field(default=None, name="HealthCheck")
    min_healthy_time: rt.Int64 = msgspec.field(default=None, name="MinHealthyTime")
    healthy_deadline: rt.Int64 = msgspec.field(default=None, name="HealthyDeadline")
    progress_deadline: rt.Int64 = msgspec.field(default=None, name="ProgressDeadline")
    auto_revert: rt.Flag = msgspec.field(default=None, name="AutoRevert")
    auto_promote: rt.Flag = msgspec.field(default=None, name="AutoPromote")
    canary: rt.Int64 = msgspec.field(default=None, name="Canary")


class _JobMultiregionShape(rt.Shape):
    strategy: _JobMultiregionStrategyShape | None = msgspec.field(default=None, name="Strategy")
    regions_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Regions")


class _PeriodicConfigShape(rt.Shape):
    enabled: rt.Flag = msgspec.field(default=None, name="Enabled")
    spec: rt.Text = msgspec.field(default=None, name="Spec")
    specs: list[str] | None = msgspec.field(default=None, name="Specs")
    spec_type: rt.Text = msgspec.field(default=None, name="SpecType")
    prohibit_overlap: rt.Flag = msgspec.field(default=None, name="ProhibitOverlap")
    time_zone: rt.Text = msgspec.field(default=None, name="TimeZone")


class _ParameterizedJobConfigShape(rt.Shape):
    payload: rt.Text = msgspec.field(default=None, name="Payload")
    meta_required: list[str] | None = msgspec.field(default=None, name="MetaRequired")
    meta_optional: list[str] | None = msgspec.field(default=None, name="MetaOptional")


class _JobUIConfigShape(rt.Shape):
    description: rt.Text = msgspec.field(default=None, name="Description")
    links: list[_JobUILinkShape] | None = msgspec.field(default=None, name="Links")


class _JobVersionTagShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")
    description: rt.Text = msgspec.field(default=None, name="Description")
    tagged_time: rt.Int64 = msgspec.field(default=None, name="TaggedTime")


class _AllocatedResourcesShape(rt.Shape):
    tasks: dict[str, _AllocatedTaskResourcesShape] | None = msgspec.field(default=None, name="Tasks")
    task_lifecycles: dict[str, _TaskLifecycleShape | None] | None = msgspec.field(default=None, name="TaskLifecycles")
    shared: _AllocatedSharedResourcesShape | None = msgspec.field(default=None, name="Shared")


class _AllocMetricShape(rt.Shape):
    nodes_evaluated: rt.Int64 = msgspec.field(default=None, name="NodesEvaluated")
    nodes_filtered: rt.Int64 = msgspec.field(default=None, name="NodesFiltered")
    nodes_in_pool: rt.Int64 = msgspec.field(default=None, name="NodesInPool")
    node_pool: rt.Text = msgspec.field(default=None, name="NodePool")
    nodes_available: dict[str, rt.Signed] | None = msgspec.field(default=None, name="NodesAvailable")
    class_filtered: dict[str, rt.Signed] | None = msgspec.field(default=None, name="ClassFiltered")
    constraint_filtered: dict[str, rt.Signed] | None = msgspec.field(default=None, name="ConstraintFiltered")
    nodes_exhausted: rt.Int64 = msgspec.field(default=None, name="NodesExhausted")
    class_exhausted: dict[str, rt.Signed] | None = msgspec.field(default=None, name="ClassExhausted")
    dimension_exhausted: dict[str, rt.Signed] | None = msgspec.field(default=None, name="DimensionExhausted")
    quota_exhausted: list[str] | None = msgspec.field(default=None, name="QuotaExhausted")
    resources_exhausted: dict[str, _ResourcesShape] | None = msgspec.field(default=None, name="ResourcesExhausted")
    scores: dict[str, int | float] | None = msgspec.field(default=None, name="Scores")
    score_meta_data: list[_NodeScoreMetaShape] | None = msgspec.field(default=None, name="ScoreMetaData")
    allocation_time: rt.Int64 = msgspec.field(default=None, name="AllocationTime")
    coalesced_failures: rt.Int64 = msgspec.field(default=None, name="CoalescedFailures")


class _DesiredTransitionShape(rt.Shape):
    migrate: rt.Flag = msgspec.field(default=None, name="Migrate")
    reschedule: rt.Flag = msgspec.field(default=None, name="Reschedule")
    force_reschedule: rt.Flag = msgspec.field(default=None, name="ForceReschedule")
    no_shutdown_delay: rt.Flag = msgspec.field(default=None, name="NoShutdownDelay")
    migrate_disable_placement: rt.Flag = msgspec.field(default=None, name="MigrateDisablePlacement")


class _TaskStateShape(rt.Shape):
    state: rt.Text = msgspec.field(default=None, name="State")
    failed: rt.Flag = msgspec.field(default=None, name="Failed")
    restarts: rt.Uint64 = msgspec.field(default=None, name="Restarts")
    last_restart: rt.Text = msgspec.field(default=None, name="LastRestart")
    started_at: rt.Text = msgspec.field(default=None, name="StartedAt")
    finished_at: rt.Text = msgspec.field(default=None, name="FinishedAt")
    events: list[_TaskEventShape] | None = msgspec.field(default=None, name="Events")
    paused: rt.Text = msgspec.field(default=None, name="Paused")


class _AllocStateShape(rt.Shape):
    field: rt.Int64 = msgspec.field(default=None, name="Field")
    value: rt.Text = msgspec.field(default=None, name="Value")
    time: rt.Text = msgspec.field(default=None, name="Time")


class _AllocDeploymentStatusShape(rt.Shape):
    healthy: rt.Flag = msgspec.field(default=None, name="Healthy")
    timestamp: rt.Text = msgspec.field(default=None, name="Timestamp")
    canary: rt.Flag = msgspec.field(default=None, name="Canary")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")


class _RescheduleTrackerShape(rt.Shape):
    events: list[_RescheduleEventShape] | None = msgspec.field(default=None, name="Events")
    last_reschedule: rt.Text = msgspec.field(default=None, name="LastReschedule")


class _AllocNetworkStatusShape(rt.Shape):
    interface_name: rt.Text = msgspec.field(default=None, name="InterfaceName")
    address: rt.Text = msgspec.field(default=None, name="Address")
    address_ipv6: rt.Text = msgspec.field(default=None, name="AddressIPv6")
    dns: _DnsConfigShape | None = msgspec.field(default=None, name="DNS")


class _EvaluationStubShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    priority: rt.Int64 = msgspec.field(default=None, name="Priority")
    type: rt.Text = msgspec.field(default=None, name="Type")
    triggered_by: rt.Text = msgspec.field(default=None, name="TriggeredBy")
    job_id: rt.Text = msgspec.field(default=None, name="JobID")
    node_id: rt.Text = msgspec.field(default=None, name="NodeID")
    deployment_id: rt.Text = msgspec.field(default=None, name="DeploymentID")
    status: rt.Text = msgspec.field(default=None, name="Status")
    status_description: rt.Text = msgspec.field(default=None, name="StatusDescription")
    wait_until: rt.Text = msgspec.field(default=None, name="WaitUntil")
    next_eval: rt.Text = msgspec.field(default=None, name="NextEval")
    previous_eval: rt.Text = msgspec.field(default=None, name="PreviousEval")
    blocked_eval: rt.Text = msgspec.field(default=None, name="BlockedEval")
    create_index: rt.Uint64 = msgspec.field(default=None, name="CreateIndex")
    modify_index: rt.Uint64 = msgspec.field(default=None, name="ModifyIndex")
    create_time: rt.Int64 = msgspec.field(default=None, name="CreateTime")
    modify_time: rt.Int64 = msgspec.field(default=None, name="ModifyTime")


class _DeploymentStateShape(rt.Shape):
    auto_revert: rt.Flag = msgspec.field(default=None, name="AutoRevert")
    auto_promote: rt.Flag = msgspec.field(default=None, name="AutoPromote")
    progress_deadline: rt.Int64 = msgspec.field(default=None, name="ProgressDeadline")
    require_progress_by: rt.Text = msgspec.field(default=None, name="RequireProgressBy")
    promoted: rt.Flag = msgspec.field(default=None, name="Promoted")
    placed_canaries: list[str] | None = msgspec.field(default=None, name="PlacedCanaries")
    desired_canaries: rt.Int64 = msgspec.field(default=None, name="DesiredCanaries")
    desired_total: rt.Int64 = msgspec.field(default=None, name="DesiredTotal")
    placed_allocs: rt.Int64 = msgspec.field(default=None, name="PlacedAllocs")
    healthy_allocs: rt.Int64 = msgspec.field(default=None, name="HealthyAllocs")
    unhealthy_allocs: rt.Int64 = msgspec.field(default=None, name="UnhealthyAllocs")


class _NodePoolSchedulerConfigurationShape(rt.Shape):
    scheduler_algorithm: rt.Text = msgspec.field(default=None, name="SchedulerAlgorithm")
    memory_oversubscription_enabled: rt.Flag = msgspec.field(default=None, name="MemoryOversubscriptionEnabled")


class _ACLTokenRoleLinkShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    name: rt.Text = msgspec.field(default=None, name="Name")


class _ACLPolicyJobShape(rt.Shape):
    namespace: rt.Text = msgspec.field(default=None, name="Namespace")
    job_id: rt.Text = msgspec.field(default=None, name="JobID")
    group: rt.Text = msgspec.field(default=None, name="Group")
    task: rt.Text = msgspec.field(default=None, name="Task")


class _ACLRolePolicyLinkShape(rt.Shape):
    name: rt.Text = msgspec.field(default=None, name="Name")


class _AuthMethodConfigShape(rt.Shape):
    jwt_validation_pub_keys: list[str] | None = msgspec.field(default=None, name="JWTValidationPubKeys")
    jwks_url: rt.Text = msgspec.field(default=None, name="JWKSURL")
    jwks_ca_cert: rt.Text = msgspec.field(default=None, name="JWKSCACert")
    oidc_discovery_url: rt.Text = msgspec.field(default=None, name="OIDCDiscoveryURL")
    oidc_client_id: rt.Text = msgspec.field(default=None, name="OIDCClientID")
    oidc_client_secret: rt.Text = msgspec.field(default=None, name="OIDCClientSecret")
    oidc_client_assertion: _AuthMethodClientAssertionShape | None = msgspec.field(default=None, name="OIDCClientAssertion")
    oidc_enable_pkce: rt.Flag = msgspec.field(default=None, name="OIDCEnablePKCE")
    oidc_disable_user_info: rt.Flag = msgspec.field(default=None, name="OIDCDisableUserInfo")
    oidc_scopes: list[str] | None = msgspec.field(default=None, name="OIDCScopes")
    bound_audiences: list[str] | None = msgspec.field(default=None, name="BoundAudiences")
    bound_issuer: list[str] | None = msgspec.field(default=None, name="BoundIssuer")
    allowed_redirect_uris: list[str] | None = msgspec.field(default=None, name="AllowedRedirectURIs")
    discovery_ca_pem: list[str] | None = msgspec.field(default=None, name="DiscoveryCaPem")
    signing_algs: list[str] | None = msgspec.field(default=None, name="SigningAlgs")
    expiration_leeway: rt.Int64 = msgspec.field(default=None, name="ExpirationLeeway")
    not_before_leeway: rt.Int64 = msgspec.field(default=None, name="NotBeforeLeeway")
    clock_skew_leeway: rt.Int64 = msgspec.field(default=None, name="ClockSkewLeeway")
    claim_mappings: dict[str, str] | None = msgspec.field(default=None, name="ClaimMappings")
    list_claim_mappings: dict[str, str] | None = msgspec.field(default=None, name="ListClaimMappings")
    verbose_logging: rt.Flag = msgspec.field(default=None, name="VerboseLogging")


class _VariableLockShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    ttl: rt.Int64 = msgspec.field(default=None, name="TTL")
    lock_delay: rt.Int64 = msgspec.field(default=None, name="LockDelay")


class _NodeCpuResourcesShape(rt.Shape):
    cpu_shares: rt.Int64 = msgspec.field(default=None, name="CpuShares")
    total_cpu_cores: rt.Int64 = msgspec.field(default=None, name="TotalCpuCores")
    reservable_cpu_cores: list[rt.Signed] | None = msgspec.field(default=None, name="ReservableCpuCores")


class _NodeMemoryResourcesShape(rt.Shape):
    memory_mb: rt.Int64 = msgspec.field(default=None, name="MemoryMB")


class _NodeDiskResourcesShape(rt.Shape):
    disk_mb: rt.Int64 = msgspec.field(default=None, name="DiskMB")


class _NetworkResourceShape(rt.Shape):
    mode: rt.Text = msgspec.field(default=None, name="Mode")
    device: rt.Text = msgspec.field(default=None, name="Device")
    cidr: rt.Text = msgspec.field(default=None, name="CIDR")
    ip: rt.Text = msgspec.field(default=None, name="IP")
    mbits: rt.Int64 = msgspec.field(default=None, name="MBits")
    dns: _DnsConfigShape | None = msgspec.field(default=None, name="DNS")
    reserved_ports: list[_NomadPortShape] | None = msgspec.field(default=None, name="ReservedPorts")
    dynamic_ports: list[_NomadPortShape] | None = msgspec.field(default=None, name="DynamicPorts")
    hostname: rt.Text = msgspec.field(default=None, name="Hostname")
    cni: _CniConfigShape | None = msgspec.field(default=None, name="CNI")


class _NodeNetworkResourceShape(rt.Shape):
    mode: rt.Text = msgspec.field(default=None, name="Mode")
    device: rt.Text = msgspec.field(default=None, name="Device")
    mac_address: rt.Text = msgspec.field(default=None, name="MacAddress")
    speed: rt.Int64 = msgspec.field(default=None, name="Speed")
    addresses: list[_NodeNetworkAddressShape] | None = msgspec.field(default=None, name="Addresses")


class _NodeDeviceResourceShape(rt.Shape):
    vendor: rt.Text = msgspec.field(default=None, name="Vendor")
    type: rt.Text = msgspec.field(default=None, name="Type")
    name: rt.Text = msgspec.field(default=None, name="Name")
    instances: list[_NodeDeviceShape] | None = msgspec.field(default=None, name="Instances")
    attributes_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Attributes")


class _NodeProcessorResourcesShape(rt.Shape):
    topology: _NumaTopologyShape | None = msgspec.field(default=None, name="Topology")


class _NodeReservedCpuResourcesShape(rt.Shape):
    cpu_shares: rt.Int64 = msgspec.field(default=None, name="CpuShares")
    reserved_cpu_cores: list[rt.Signed] | None = msgspec.field(default=None, name="ReservedCpuCores")


class _NodeReservedMemoryResourcesShape(rt.Shape):
    memory_mb: rt.Int64 = msgspec.field(default=None, name="MemoryMB")


class _NodeReservedDiskResourcesShape(rt.Shape):
    disk_mb: rt.Int64 = msgspec.field(default=None, name="DiskMB")


class _NodeReservedNetworkResourcesShape(rt.Shape):
    reserved_host_ports: rt.Text = msgspec.field(default=None, name="ReservedHostPorts")


class _CSIControllerInfoShape(rt.Shape):
    supports_read_only_attach: rt.Flag = msgspec.field(default=None, name="SupportsReadOnlyAttach")
    supports_attach_detach: rt.Flag = msgspec.field(default=None, name="SupportsAttachDetach")
    supports_list_volumes: rt.Flag = msgspec.field(default=None, name="SupportsListVolumes")
    supports_list_volumes_attached_nodes: rt.Flag = msgspec.field(default=None, name="SupportsListVolumesAttachedNodes")
    supports_create_delete: rt.Flag = msgspec.field(default=None, name="SupportsCreateDelete")
    supports_create_delete_snapshot: rt.Flag = msgspec.field(default=None, name="SupportsCreateDeleteSnapshot")
    supports_list_snapshots: rt.Flag = msgspec.field(default=None, name="SupportsListSnapshots")
    supports_clone: rt.Flag = msgspec.field(default=None, name="SupportsClone")
    supports_get_capacity: rt.Flag = msgspec.field(default=None, name="SupportsGetCapacity")
    supports_expand: rt.Flag = msgspec.field(default=None, name="SupportsExpand")
    supports_condition: rt.Flag = msgspec.field(default=None, name="SupportsCondition")
    supports_get: rt.Flag = msgspec.field(default=None, name="SupportsGet")


class _CSINodeInfoShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    max_volumes: rt.Int64 = msgspec.field(default=None, name="MaxVolumes")
    accessible_topology: _CSITopologyShape | None = msgspec.field(default=None, name="AccessibleTopology")
    requires_node_stage_volume: rt.Flag = msgspec.field(default=None, name="RequiresNodeStageVolume")
    supports_stats: rt.Flag = msgspec.field(default=None, name="SupportsStats")
    supports_expand: rt.Flag = msgspec.field(default=None, name="SupportsExpand")
    supports_condition: rt.Flag = msgspec.field(default=None, name="SupportsCondition")


class _JobSpreadTargetShape(rt.Shape):
    value: rt.Text = msgspec.field(default=None, name="Value")
    percent: rt.Int64 = msgspec.field(default=None, name="Percent")


class _JobMultiregionStrategyShape(rt.Shape):
    max_parallel: rt.Int64 = msgspec.field(default=None, name="MaxParallel")
    on_failure: rt.Text = msgspec.field(default=None, name="OnFailure")


class _JobUILinkShape(rt.Shape):
    label: rt.Text = msgspec.field(default=None, name="Label")
    url: rt.Text = msgspec.field(default=None, name="Url")


class _AllocatedTaskResourcesShape(rt.Shape):
    cpu: _AllocatedCpuResourcesShape | None = msgspec.field(default=None, name="Cpu")
    memory: _AllocatedMemoryResourcesShape | None = msgspec.field(default=None, name="Memory")
    networks: list[_NetworkResourceShape] | None = msgspec.field(default=None, name="Networks")
    devices_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Devices")


class _TaskLifecycleShape(rt.Shape):
    hook: rt.Text = msgspec.field(default=None, name="Hook")
    sidecar: rt.Flag = msgspec.field(default=None, name="Sidecar")


class _AllocatedSharedResourcesShape(rt.Shape):
    networks: list[_NetworkResourceShape] | None = msgspec.field(default=None, name="Networks")
    disk_mb: rt.Int64 = msgspec.field(default=None, name="DiskMB")
    ports: list[_AllocatedPortMappingShape] | None = msgspec.field(default=None, name="Ports")


class _NodeScoreMetaShape(rt.Shape):
    node_id: rt.Text = msgspec.field(default=None, name="NodeID")
    scores: dict[str, int | float] | None = msgspec.field(default=None, name="Scores")
    norm_score: rt.Number = msgspec.field(default=None, name="NormScore")


class _TaskEventShape(rt.Shape):
    type: rt.Text = msgspec.field(default=None, name="Type")
    time: rt.Int64 = msgspec.field(default=None, name="Time")
    message: rt.Text = msgspec.field(default=None, name="Message")
    display_message: rt.Text = msgspec.field(default=None, name="DisplayMessage")
    details: dict[str, str] | None = msgspec.field(default=None, name="Details")
    fails_task: rt.Flag = msgspec.field(default=None, name="FailsTask")
    restart_reason: rt.Text = msgspec.field(default=None, name="RestartReason")
    setup_error: rt.Text = msgspec.field(default=None, name="SetupError")
    driver_error: rt.Text = msgspec.field(default=None, name="DriverError")
    exit_code: rt.Int64 = msgspec.field(default=None, name="ExitCode")
    signal: rt.Int64 = msgspec.field(default=None, name="Signal")
    kill_timeout: rt.Int64 = msgspec.field(default=None, name="KillTimeout")
    kill_error: rt.Text = msgspec.field(default=None, name="KillError")
    kill_reason: rt.Text = msgspec.field(default=None, name="KillReason")
    start_delay: rt.Int64 = msgspec.field(default=None, name="StartDelay")
    download_error: rt.Text = msgspec.field(default=None, name="DownloadError")
    validation_error: rt.Text = msgspec.field(default=None, name="ValidationError")
    disk_limit: rt.Int64 = msgspec.field(default=None, name="DiskLimit")
    failed_sibling: rt.Text = msgspec.field(default=None, name="FailedSibling")
    vault_error: rt.Text = msgspec.field(default=None, name="VaultError")
    task_signal_reason: rt.Text = msgspec.field(default=None, name="TaskSignalReason")
    task_signal: rt.Text = msgspec.field(default=None, name="TaskSignal")
    driver_message: rt.Text = msgspec.field(default=None, name="DriverMessage")
    generic_source: rt.Text = msgspec.field(default=None, name="GenericSource")


class _RescheduleEventShape(rt.Shape):
    reschedule_time: rt.Int64 = msgspec.field(default=None, name="RescheduleTime")
    prev_alloc_id: rt.Text = msgspec.field(default=None, name="PrevAllocID")
    prev_node_id: rt.Text = msgspec.field(default=None, name="PrevNodeID")
    delay: rt.Int64 = msgspec.field(default=None, name="Delay")


class _DnsConfigShape(rt.Shape):
    servers: list[str] | None = msgspec.field(default=None, name="Servers")
    searches: list[str] | None = msgspec.field(default=None, name="Searches")
    options: list[str] | None = msgspec.field(default=None, name="Options")


class _AuthMethodClientAssertionShape(rt.Shape):
    audience: list[str] | None = msgspec.field(default=None, name="Audience")
    private_key: _AuthMethodPrivateKeyShape | None = msgspec.field(default=None, name="PrivateKey")
    extra_headers: dict[str, str] | None = msgspec.field(default=None, name="ExtraHeaders")
    key_source: rt.Text = msgspec.field(default=None, name="KeySource")
    key_algorithm: rt.Text = msgspec.field(default=None, name="KeyAlgorithm")
    client_secret: rt.Text = msgspec.field(default=None, name="ClientSecret")


class _NomadPortShape(rt.Shape):
    label: rt.Text = msgspec.field(default=None, name="Label")
    value: rt.Int64 = msgspec.field(default=None, name="Value")
    to: rt.Int64 = msgspec.field(default=None, name="To")
    host_network: rt.Text = msgspec.field(default=None, name="HostNetwork")
    ignore_collision: rt.Flag = msgspec.field(default=None, name="IgnoreCollision")


class _CniConfigShape(rt.Shape):
    args: dict[str, str] | None = msgspec.field(default=None, name="Args")


class _NodeNetworkAddressShape(rt.Shape):
    family: rt.Text = msgspec.field(default=None, name="Family")
    alias: rt.Text = msgspec.field(default=None, name="Alias")
    address: rt.Text = msgspec.field(default=None, name="Address")
    reserved_ports: rt.Text = msgspec.field(default=None, name="ReservedPorts")
    gateway: rt.Text = msgspec.field(default=None, name="Gateway")


class _NodeDeviceShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    healthy: rt.Flag = msgspec.field(default=None, name="Healthy")
    health_description: rt.Text = msgspec.field(default=None, name="HealthDescription")
    locality: _NodeDeviceLocalityShape | None = msgspec.field(default=None, name="Locality")


class _NumaTopologyShape(rt.Shape):
    nodes: list[rt.Signed] | None = msgspec.field(default=None, name="Nodes")
    distances_json: rt.Raw = msgspec.field(default=rt.Raw(), name="Distances")
    cores: list[_NumaCoreShape] | None = msgspec.field(default=None, name="Cores")
    override_total_compute: rt.Int64 = msgspec.field(default=None, name="OverrideTotalCompute")
    override_withold_compute: rt.Int64 = msgspec.field(default=None, name="OverrideWitholdCompute")


class _CSITopologyShape(rt.Shape):
    segments: dict[str, str] | None = msgspec.field(default=None, name="Segments")


class _AllocatedCpuResourcesShape(rt.Shape):
    cpu_shares: rt.Int64 = msgspec.field(default=None, name="CpuShares")
    reserved_cores: list[rt.Signed] | None = msgspec.field(default=None, name="ReservedCores")


class _AllocatedMemoryResourcesShape(rt.Shape):
    memory_mb: rt.Int64 = msgspec.field(default=None, name="MemoryMB")
    memory_max_mb: rt.Int64 = msgspec.field(default=None, name="MemoryMaxMB")


class _AllocatedPortMappingShape(rt.Shape):
    label: rt.Text = msgspec.field(default=None, name="Label")
    value: rt.Int64 = msgspec.field(default=None, name="Value")
    to: rt.Int64 = msgspec.field(default=None, name="To")
    host_ip: rt.Text = msgspec.field(default=None, name="HostIP")
    ignore_collision: rt.Flag = msgspec.field(default=None, name="IgnoreCollision")


class _AuthMethodPrivateKeyShape(rt.Shape):
    pem_key: rt.Text = msgspec.field(default=None, name="PemKey")
    pem_key_file: rt.Text = msgspec.field(default=None, name="PemKeyFile")
    pem_cert: rt.Text = msgspec.field(default=None, name="PemCert")
    pem_cert_file: rt.Text = msgspec.field(default=None, name="PemCertFile")
    key_id_header: rt.Text = msgspec.field(default=None, name="KeyIDHeader")
    key_id: rt.Text = msgspec.field(default=None, name="KeyID")


class _NodeDeviceLocalityShape(rt.Shape):
    pci_bus_id: rt.Text = msgspec.field(default=None, name="PciBusID")


class _NumaCoreShape(rt.Shape):
    socket_id: rt.Int64 = msgspec.field(default=None, name="SocketID")
    node_id: rt.Int64 = msgspec.field(default=None, name="NodeID")
    id: rt.Int64 = msgspec.field(default=None, name="ID")
    grade: rt.Flag = msgspec.field(default=None, name="Grade")
    disable: rt.Flag = msgspec.field(default=None, name="Disable")
    base_speed: rt.Int64 = msgspec.field(default=None, name="BaseSpeed")
    max_speed: rt.Int64 = msgspec.field(default=None, name="MaxSpeed")
    guess_speed: rt.Int64 = msgspec.field(default=None, name="GuessSpeed")


def _nomad_event_fields(shape: _NomadEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.payload is not None:
        fields["payload"] = _nomad_payload_fields(shape.payload)
    return fields


_read_nomad_event = rt.Reader(_NomadEventShape, _nomad_event_fields, NomadEvent)


def nomad_event_from_json(value: rt.Json, lost: rt.Lost) -> NomadEvent:
    """Return the NomadEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_nomad_event.value(value, lost)


def _nomad_payload_fields(shape: _NomadPayloadShape) -> rt.Fields:
    if (shape.node, shape.job, shape.allocation, shape.evaluation, shape.deployment, shape.node_pool, shape.service, shape.acl_token, shape.acl_policy, shape.acl_role, shape.auth_method, shape.acl_binding_rule, shape.volume, shape.plugin, shape.metadata).count(None) < 14:
        raise rt.JsonError("", "more than one of a oneof")
    fields = rt.asdict(shape)
    if shape.node is not None:
        fields["node"] = _node_fields(shape.node)
    if shape.job is not None:
        fields["job"] = _job_fields(shape.job)
    if shape.allocation is not None:
        fields["allocation"] = _allocation_fields(shape.allocation)
    if shape.evaluation is not None:
        fields["evaluation"] = _evaluation_fields(shape.evaluation)
    if shape.deployment is not None:
        fields["deployment"] = _deployment_fields(shape.deployment)
    if shape.node_pool is not None:
        fields["node_pool"] = _node_pool_fields(shape.node_pool)
    if shape.service is not None:
        fields["service"] = rt.asdict(shape.service)
    if shape.acl_token is not None:
        fields["acl_token"] = _acl_token_fields(shape.acl_token)
    if shape.acl_policy is not None:
        fields["acl_policy"] = _acl_policy_fields(shape.acl_policy)
    if shape.acl_role is not None:
        fields["acl_role"] = _acl_role_fields(shape.acl_role)
    if shape.auth_method is not None:
        fields["auth_method"] = _auth_method_fields(shape.auth_method)
    if shape.acl_binding_rule is not None:
        fields["acl_binding_rule"] = _acl_binding_rule_fields(shape.acl_binding_rule)
    if shape.volume is not None:
        fields["volume"] = _nomad_volume_fields(shape.volume)
    if shape.plugin is not None:
        fields["plugin"] = _csi_plugin_fields(shape.plugin)
    if shape.metadata is not None:
        fields["metadata"] = _variable_metadata_fields(shape.metadata)
    return fields


_read_nomad_payload = rt.Reader(_NomadPayloadShape, _nomad_payload_fields, NomadPayload)


def nomad_payload_from_json(value: rt.Json, lost: rt.Lost) -> NomadPayload:
    """Return the NomadPayload of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_nomad_payload.value(value, lost)


def _node_fields(shape: _NodeShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.node_resources is not None:
        fields["node_resources"] = _node_resources_fields(shape.node_resources)
    if shape.reserved_resources is not None:
        fields["reserved_resources"] = _node_reserved_resources_fields(shape.reserved_resources)
    if shape.resources is not None:
        fields["resources"] = _resources_fields(shape.resources)
    if shape.reserved is not None:
        fields["reserved"] = _resources_fields(shape.reserved)
    if shape.drain_strategy is not None:
        fields["drain_strategy"] = _drain_strategy_fields(shape.drain_strategy)
    if shape.events is not None:
        fields["events"] = [_node_event_fields(item) for item in shape.events]
    if shape.drivers is not None:
        fields["drivers"] = {name: _driver_info_fields(item) for name, item in shape.drivers.items()}
    if shape.csi_controller_plugins is not None:
        fields["csi_controller_plugins"] = {name: _csi_info_fields(item) for name, item in shape.csi_controller_plugins.items()}
    if shape.csi_node_plugins is not None:
        fields["csi_node_plugins"] = {name: _csi_info_fields(item) for name, item in shape.csi_node_plugins.items()}
    if shape.host_volumes is not None:
        fields["host_volumes"] = {name: rt.asdict(item) for name, item in shape.host_volumes.items()}
    if shape.host_networks is not None:
        fields["host_networks"] = {name: rt.asdict(item) for name, item in shape.host_networks.items()}
    if shape.last_drain is not None:
        fields["last_drain"] = _drain_metadata_fields(shape.last_drain)
    return fields


_read_node = rt.Reader(_NodeShape, _node_fields, Node)


def node_from_json(value: rt.Json, lost: rt.Lost) -> Node:
    """Return the Node of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node.value(value, lost)


def _job_fields(shape: _JobShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.constraints is not None:
        fields["constraints"] = [rt.asdict(item) for item in shape.constraints]
    if shape.affinities is not None:
        fields["affinities"] = [rt.asdict(item) for item in shape.affinities]
    if shape.spreads is not None:
        fields["spreads"] = [_job_spread_fields(item) for item in shape.spreads]
    if shape.task_groups is not None:
        fields["task_groups"] = [_task_group_fields(item) for item in shape.task_groups]
    if shape.update is not None:
        fields["update"] = _update_strategy_fields(shape.update)
    if shape.multiregion is not None:
        fields["multiregion"] = _job_multiregion_fields(shape.multiregion)
    if shape.periodic is not None:
        fields["periodic"] = rt.asdict(shape.periodic)
    if shape.parameterized_job is not None:
        fields["parameterized_job"] = rt.asdict(shape.parameterized_job)
    if shape.payload is not None:
        fields["payload"] = rt.base64_bytes(shape.payload)
    if shape.ui is not None:
        fields["ui"] = _job_ui_config_fields(shape.ui)
    if shape.version_tag is not None:
        fields["version_tag"] = rt.asdict(shape.version_tag)
    return fields


_read_job = rt.Reader(_JobShape, _job_fields, Job)


def job_from_json(value: rt.Json, lost: rt.Lost) -> Job:
    """Return the Job of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job.value(value, lost)


def _allocation_fields(shape: _AllocationShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.resources is not None:
        fields["resources"] = _resources_fields(shape.resources)
    if shape.shared_resources is not None:
        fields["shared_resources"] = _resources_fields(shape.shared_resources)
    if shape.task_resources is not None:
        fields["task_resources"] = {name: _resources_fields(item) for name, item in shape.task_resources.items()}
    if shape.allocated_resources is not None:
        fields["allocated_resources"] = _allocated_resources_fields(shape.allocated_resources)
    if shape.metrics is not None:
        fields["metrics"] = _alloc_metric_fields(shape.metrics)
    if shape.desired_transition is not None:
        fields["desired_transition"] = rt.asdict(shape.desired_transition)
    if shape.task_states is not None:
        fields["task_states"] = {name: _task_state_fields(item) for name, item in shape.task_states.items()}
    if shape.alloc_states is not None:
        fields["alloc_states"] = [_alloc_state_fields(item) for item in shape.alloc_states]
    if shape.deployment_status is not None:
        fields["deployment_status"] = _alloc_deployment_status_fields(shape.deployment_status)
    if shape.reschedule_tracker is not None:
        fields["reschedule_tracker"] = _reschedule_tracker_fields(shape.reschedule_tracker)
    if shape.network_status is not None:
        fields["network_status"] = _alloc_network_status_fields(shape.network_status)
    fields["job_json"] = rt.raw_bytes(shape.job_json)
    return fields


_read_allocation = rt.Reader(_AllocationShape, _allocation_fields, Allocation)


def allocation_from_json(value: rt.Json, lost: rt.Lost) -> Allocation:
    """Return the Allocation of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocation.value(value, lost)


def _evaluation_fields(shape: _EvaluationShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.wait is not None:
        fields["wait"] = rt.duration_or_unset(shape.wait)
    if shape.wait_until is not None:
        fields["wait_until"] = rt.time_or_unset(shape.wait_until)
    if shape.related_evals is not None:
        fields["related_evals"] = [_evaluation_stub_fields(item) for item in shape.related_evals]
    if shape.failed_tg_allocs is not None:
        fields["failed_tg_allocs"] = {name: _alloc_metric_fields(item) for name, item in shape.failed_tg_allocs.items()}
    fields["plan_annotations_json"] = rt.raw_bytes(shape.plan_annotations_json)
    return fields


_read_evaluation = rt.Reader(_EvaluationShape, _evaluation_fields, Evaluation)


def evaluation_from_json(value: rt.Json, lost: rt.Lost) -> Evaluation:
    """Return the Evaluation of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_evaluation.value(value, lost)


def _deployment_fields(shape: _DeploymentShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.task_groups is not None:
        fields["task_groups"] = {name: _deployment_state_fields(item) for name, item in shape.task_groups.items()}
    return fields


_read_deployment = rt.Reader(_DeploymentShape, _deployment_fields, Deployment)


def deployment_from_json(value: rt.Json, lost: rt.Lost) -> Deployment:
    """Return the Deployment of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_deployment.value(value, lost)


def _node_pool_fields(shape: _NodePoolShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.scheduler_configuration is not None:
        fields["scheduler_configuration"] = rt.asdict(shape.scheduler_configuration)
    if shape.node_identity_ttl is not None:
        fields["node_identity_ttl"] = rt.duration_or_unset(shape.node_identity_ttl)
    if shape.hash is not None:
        fields["hash"] = rt.base64_bytes(shape.hash)
    return fields


_read_node_pool = rt.Reader(_NodePoolShape, _node_pool_fields, NodePool)


def node_pool_from_json(value: rt.Json, lost: rt.Lost) -> NodePool:
    """Return the NodePool of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_pool.value(value, lost)


_read_service_registration = rt.Reader(_ServiceRegistrationShape, rt.asdict, ServiceRegistration)


def service_registration_from_json(value: rt.Json, lost: rt.Lost) -> ServiceRegistration:
    """Return the ServiceRegistration of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_service_registration.value(value, lost)


def _acl_token_fields(shape: _ACLTokenShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.roles is not None:
        fields["roles"] = [rt.asdict(item) for item in shape.roles]
    if shape.hash is not None:
        fields["hash"] = rt.base64_bytes(shape.hash)
    if shape.create_time is not None:
        fields["create_time"] = rt.time_or_unset(shape.create_time)
    if shape.expiration_time is not None:
        fields["expiration_time"] = rt.time_fields(shape.expiration_time)
    if shape.expiration_ttl is not None:
        fields["expiration_ttl"] = rt.duration_or_unset(shape.expiration_ttl)
    return fields


_read_acl_token = rt.Reader(_ACLTokenShape, _acl_token_fields, ACLToken)


def acl_token_from_json(value: rt.Json, lost: rt.Lost) -> ACLToken:
    """Return the ACLToken of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_token.value(value, lost)


def _acl_policy_fields(shape: _ACLPolicyShape) -> rt.Fields:
    fields = rt.asdict(shape)
    fields["rules_json"] = rt.raw_bytes(shape.rules_json)
    if shape.job_acl is not None:
        fields["job_acl"] = rt.asdict(shape.job_acl)
    if shape.hash is not None:
        fields["hash"] = rt.base64_bytes(shape.hash)
    return fields


_read_acl_policy = rt.Reader(_ACLPolicyShape, _acl_policy_fields, ACLPolicy)


def acl_policy_from_json(value: rt.Json, lost: rt.Lost) -> ACLPolicy:
    """Return the ACLPolicy of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_policy.value(value, lost)


def _acl_role_fields(shape: _ACLRoleShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.policies is not None:
        fields["policies"] = [rt.asdict(item) for item in shape.policies]
    if shape.hash is not None:
        fields["hash"] = rt.base64_bytes(shape.hash)
    return fields


_read_acl_role = rt.Reader(_ACLRoleShape, _acl_role_fields, ACLRole)


def acl_role_from_json(value: rt.Json, lost: rt.Lost) -> ACLRole:
    """Return the ACLRole of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_role.value(value, lost)


def _auth_method_fields(shape: _AuthMethodShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.max_token_ttl is not None:
        fields["max_token_ttl"] = rt.duration_or_unset(shape.max_token_ttl)
    if shape.config is not None:
        fields["config"] = _auth_method_config_fields(shape.config)
    if shape.hash is not None:
        fields["hash"] = rt.base64_bytes(shape.hash)
    if shape.create_time is not None:
        fields["create_time"] = rt.time_or_unset(shape.create_time)
    if shape.modify_time is not None:
        fields["modify_time"] = rt.time_or_unset(shape.modify_time)
    return fields


_read_auth_method = rt.Reader(_AuthMethodShape, _auth_method_fields, AuthMethod)


def auth_method_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethod:
    """Return the AuthMethod of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_auth_method.value(value, lost)


def _acl_binding_rule_fields(shape: _ACLBindingRuleShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.hash is not None:
        fields["hash"] = rt.base64_bytes(shape.hash)
    if shape.create_time is not None:
        fields["create_time"] = rt.time_or_unset(shape.create_time)
    if shape.modify_time is not None:
        fields["modify_time"] = rt.time_or_unset(shape.modify_time)
    return fields


_read_acl_binding_rule = rt.Reader(_ACLBindingRuleShape, _acl_binding_rule_fields, ACLBindingRule)


def acl_binding_rule_from_json(value: rt.Json, lost: rt.Lost) -> ACLBindingRule:
    """Return the ACLBindingRule of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_binding_rule.value(value, lost)


def _nomad_volume_fields(shape: _NomadVolumeShape) -> rt.Fields:
    fields = rt.asdict(shape)
    fields["requested_capabilities_json"] = rt.raw_bytes(shape.requested_capabilities_json)
    fields["constraints_json"] = rt.raw_bytes(shape.constraints_json)
    fields["topologies_json"] = rt.raw_bytes(shape.topologies_json)
    fields["requested_topologies_json"] = rt.raw_bytes(shape.requested_topologies_json)
    fields["mount_options_json"] = rt.raw_bytes(shape.mount_options_json)
    fields["read_allocs_json"] = rt.raw_bytes(shape.read_allocs_json)
    fields["write_allocs_json"] = rt.raw_bytes(shape.write_allocs_json)
    fields["read_claims_json"] = rt.raw_bytes(shape.read_claims_json)
    fields["write_claims_json"] = rt.raw_bytes(shape.write_claims_json)
    fields["past_claims_json"] = rt.raw_bytes(shape.past_claims_json)
    if shape.resource_exhausted is not None:
        fields["resource_exhausted"] = rt.time_or_unset(shape.resource_exhausted)
    fields["allocations_json"] = rt.raw_bytes(shape.allocations_json)
    return fields


_read_nomad_volume = rt.Reader(_NomadVolumeShape, _nomad_volume_fields, NomadVolume)


def nomad_volume_from_json(value: rt.Json, lost: rt.Lost) -> NomadVolume:
    """Return the NomadVolume of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_nomad_volume.value(value, lost)


def _csi_plugin_fields(shape: _CSIPluginShape) -> rt.Fields:
    fields = rt.asdict(shape)
    fields["controllers_json"] = rt.raw_bytes(shape.controllers_json)
    fields["nodes_json"] = rt.raw_bytes(shape.nodes_json)
    fields["allocations_json"] = rt.raw_bytes(shape.allocations_json)
    fields["controller_jobs_json"] = rt.raw_bytes(shape.controller_jobs_json)
    fields["node_jobs_json"] = rt.raw_bytes(shape.node_jobs_json)
    return fields


_read_csi_plugin = rt.Reader(_CSIPluginShape, _csi_plugin_fields, CSIPlugin)


def csi_plugin_from_json(value: rt.Json, lost: rt.Lost) -> CSIPlugin:
    """Return the CSIPlugin of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_csi_plugin.value(value, lost)


def _variable_metadata_fields(shape: _VariableMetadataShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.lock is not None:
        fields["lock"] = _variable_lock_fields(shape.lock)
    return fields


_read_variable_metadata = rt.Reader(_VariableMetadataShape, _variable_metadata_fields, VariableMetadata)


def variable_metadata_from_json(value: rt.Json, lost: rt.Lost) -> VariableMetadata:
    """Return the VariableMetadata of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_variable_metadata.value(value, lost)


def _node_resources_fields(shape: _NodeResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.cpu is not None:
        fields["cpu"] = rt.asdict(shape.cpu)
    if shape.memory is not None:
        fields["memory"] = rt.asdict(shape.memory)
    if shape.disk is not None:
        fields["disk"] = rt.asdict(shape.disk)
    if shape.networks is not None:
        fields["networks"] = [_network_resource_fields(item) for item in shape.networks]
    if shape.node_networks is not None:
        fields["node_networks"] = [_node_network_resource_fields(item) for item in shape.node_networks]
    if shape.devices is not None:
        fields["devices"] = [_node_device_resource_fields(item) for item in shape.devices]
    if shape.processors is not None:
        fields["processors"] = _node_processor_resources_fields(shape.processors)
    return fields


_read_node_resources = rt.Reader(_NodeResourcesShape, _node_resources_fields, NodeResources)


def node_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeResources:
    """Return the NodeResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_resources.value(value, lost)


def _node_reserved_resources_fields(shape: _NodeReservedResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.cpu is not None:
        fields["cpu"] = rt.asdict(shape.cpu)
    if shape.memory is not None:
        fields["memory"] = rt.asdict(shape.memory)
    if shape.disk is not None:
        fields["disk"] = rt.asdict(shape.disk)
    if shape.networks is not None:
        fields["networks"] = rt.asdict(shape.networks)
    return fields


_read_node_reserved_resources = rt.Reader(_NodeReservedResourcesShape, _node_reserved_resources_fields, NodeReservedResources)


def node_reserved_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedResources:
    """Return the NodeReservedResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_reserved_resources.value(value, lost)


def _resources_fields(shape: _ResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.networks is not None:
        fields["networks"] = [_network_resource_fields(item) for item in shape.networks]
    fields["devices_json"] = rt.raw_bytes(shape.devices_json)
    fields["numa_json"] = rt.raw_bytes(shape.numa_json)
    return fields


_read_resources = rt.Reader(_ResourcesShape, _resources_fields, Resources)


def resources_from_json(value: rt.Json, lost: rt.Lost) -> Resources:
    """Return the Resources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_resources.value(value, lost)


def _drain_strategy_fields(shape: _DrainStrategyShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.deadline is not None:
        fields["deadline"] = rt.duration_or_unset(shape.deadline)
    if shape.force_deadline is not None:
        fields["force_deadline"] = rt.time_or_unset(shape.force_deadline)
    if shape.started_at is not None:
        fields["started_at"] = rt.time_or_unset(shape.started_at)
    return fields


_read_drain_strategy = rt.Reader(_DrainStrategyShape, _drain_strategy_fields, DrainStrategy)


def drain_strategy_from_json(value: rt.Json, lost: rt.Lost) -> DrainStrategy:
    """Return the DrainStrategy of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_drain_strategy.value(value, lost)


def _node_event_fields(shape: _NodeEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.timestamp is not None:
        fields["timestamp"] = rt.time_or_unset(shape.timestamp)
    return fields


_read_node_event = rt.Reader(_NodeEventShape, _node_event_fields, NodeEvent)


def node_event_from_json(value: rt.Json, lost: rt.Lost) -> NodeEvent:
    """Return the NodeEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_event.value(value, lost)


def _driver_info_fields(shape: _DriverInfoShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.update_time is not None:
        fields["update_time"] = rt.time_or_unset(shape.update_time)
    return fields


_read_driver_info = rt.Reader(_DriverInfoShape, _driver_info_fields, DriverInfo)


def driver_info_from_json(value: rt.Json, lost: rt.Lost) -> DriverInfo:
    """Return the DriverInfo of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_driver_info.value(value, lost)


def _csi_info_fields(shape: _CSIInfoShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.update_time is not None:
        fields["update_time"] = rt.time_or_unset(shape.update_time)
    if shape.controller_info is not None:
        fields["controller_info"] = rt.asdict(shape.controller_info)
    if shape.node_info is not None:
        fields["node_info"] = _csi_node_info_fields(shape.node_info)
    return fields


_read_csi_info = rt.Reader(_CSIInfoShape, _csi_info_fields, CSIInfo)


def csi_info_from_json(value: rt.Json, lost: rt.Lost) -> CSIInfo:
    """Return the CSIInfo of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_csi_info.value(value, lost)


_read_client_host_volume_config = rt.Reader(_ClientHostVolumeConfigShape, rt.asdict, ClientHostVolumeConfig)


def client_host_volume_config_from_json(value: rt.Json, lost: rt.Lost) -> ClientHostVolumeConfig:
    """Return the ClientHostVolumeConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_client_host_volume_config.value(value, lost)


_read_client_host_network_config = rt.Reader(_ClientHostNetworkConfigShape, rt.asdict, ClientHostNetworkConfig)


def client_host_network_config_from_json(value: rt.Json, lost: rt.Lost) -> ClientHostNetworkConfig:
    """Return the ClientHostNetworkConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_client_host_network_config.value(value, lost)


def _drain_metadata_fields(shape: _DrainMetadataShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.started_at is not None:
        fields["started_at"] = rt.time_or_unset(shape.started_at)
    if shape.updated_at is not None:
        fields["updated_at"] = rt.time_or_unset(shape.updated_at)
    return fields


_read_drain_metadata = rt.Reader(_DrainMetadataShape, _drain_metadata_fields, DrainMetadata)


def drain_metadata_from_json(value: rt.Json, lost: rt.Lost) -> DrainMetadata:
    """Return the DrainMetadata of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_drain_metadata.value(value, lost)


_read_job_constraint = rt.Reader(_JobConstraintShape, rt.asdict, JobConstraint)


def job_constraint_from_json(value: rt.Json, lost: rt.Lost) -> JobConstraint:
    """Return the JobConstraint of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_constraint.value(value, lost)


_read_job_affinity = rt.Reader(_JobAffinityShape, rt.asdict, JobAffinity)


def job_affinity_from_json(value: rt.Json, lost: rt.Lost) -> JobAffinity:
    """Return the JobAffinity of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_affinity.value(value, lost)


def _job_spread_fields(shape: _JobSpreadShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.spread_target is not None:
        fields["spread_target"] = [rt.asdict(item) for item in shape.spread_target]
    return fields


_read_job_spread = rt.Reader(_JobSpreadShape, _job_spread_fields, JobSpread)


def job_spread_from_json(value: rt.Json, lost: rt.Lost) -> JobSpread:
    """Return the JobSpread of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_spread.value(value, lost)


def _task_group_fields(shape: _TaskGroupShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.update is not None:
        fields["update"] = _update_strategy_fields(shape.update)
    fields["migrate_json"] = rt.raw_bytes(shape.migrate_json)
    if shape.constraints is not None:
        fields["constraints"] = [rt.asdict(item) for item in shape.constraints]
    fields["scaling_json"] = rt.raw_bytes(shape.scaling_json)
    fields["restart_policy_json"] = rt.raw_bytes(shape.restart_policy_json)
    fields["disconnect_json"] = rt.raw_bytes(shape.disconnect_json)
    fields["tasks_json"] = rt.raw_bytes(shape.tasks_json)
    fields["ephemeral_disk_json"] = rt.raw_bytes(shape.ephemeral_disk_json)
    fields["reschedule_policy_json"] = rt.raw_bytes(shape.reschedule_policy_json)
    if shape.affinities is not None:
        fields["affinities"] = [rt.asdict(item) for item in shape.affinities]
    if shape.spreads is not None:
        fields["spreads"] = [_job_spread_fields(item) for item in shape.spreads]
    if shape.networks is not None:
        fields["networks"] = [_network_resource_fields(item) for item in shape.networks]
    fields["consul_json"] = rt.raw_bytes(shape.consul_json)
    fields["services_json"] = rt.raw_bytes(shape.services_json)
    fields["volumes_json"] = rt.raw_bytes(shape.volumes_json)
    if shape.shutdown_delay is not None:
        fields["shutdown_delay"] = rt.duration_fields(shape.shutdown_delay)
    if shape.max_run_duration is not None:
        fields["max_run_duration"] = rt.duration_fields(shape.max_run_duration)
    if shape.stop_after_client_disconnect is not None:
        fields["stop_after_client_disconnect"] = rt.duration_fields(shape.stop_after_client_disconnect)
    if shape.max_client_disconnect is not None:
        fields["max_client_disconnect"] = rt.duration_fields(shape.max_client_disconnect)
    return fields


_read_task_group = rt.Reader(_TaskGroupShape, _task_group_fields, TaskGroup)


def task_group_from_json(value: rt.Json, lost: rt.Lost) -> TaskGroup:
    """Return the TaskGroup of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_task_group.value(value, lost)


def _update_strategy_fields(shape: _UpdateStrategyShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.stagger is not None:
        fields["stagger"] = rt.duration_or_unset(shape.stagger)
    if shape.min_healthy_time is not None:
        fields["min_healthy_time"] = rt.duration_or_unset(shape.min_healthy_time)
    if shape.healthy_deadline is not None:
        fields["healthy_deadline"] = rt.duration_or_unset(shape.healthy_deadline)
    if shape.progress_deadline is not None:
        fields["progress_deadline"] = rt.duration_or_unset(shape.progress_deadline)
    return fields


_read_update_strategy = rt.Reader(_UpdateStrategyShape, _update_strategy_fields, UpdateStrategy)


def update_strategy_from_json(value: rt.Json, lost: rt.Lost) -> UpdateStrategy:
    """Return the UpdateStrategy of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_update_strategy.value(value, lost)


def _job_multiregion_fields(shape: _JobMultiregionShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.strategy is not None:
        fields["strategy"] = rt.asdict(shape.strategy)
    fields["regions_json"] = rt.raw_bytes(shape.regions_json)
    return fields


_read_job_multiregion = rt.Reader(_JobMultiregionShape, _job_multiregion_fields, JobMultiregion)


def job_multiregion_from_json(value: rt.Json, lost: rt.Lost) -> JobMultiregion:
    """Return the JobMultiregion of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_multiregion.value(value, lost)


_read_periodic_config = rt.Reader(_PeriodicConfigShape, rt.asdict, PeriodicConfig)


def periodic_config_from_json(value: rt.Json, lost: rt.Lost) -> PeriodicConfig:
    """Return the PeriodicConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_periodic_config.value(value, lost)


_read_parameterized_job_config = rt.Reader(_ParameterizedJobConfigShape, rt.asdict, ParameterizedJobConfig)


def parameterized_job_config_from_json(value: rt.Json, lost: rt.Lost) -> ParameterizedJobConfig:
    """Return the ParameterizedJobConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_parameterized_job_config.value(value, lost)


def _job_ui_config_fields(shape: _JobUIConfigShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.links is not None:
        fields["links"] = [rt.asdict(item) for item in shape.links]
    return fields


_read_job_ui_config = rt.Reader(_JobUIConfigShape, _job_ui_config_fields, JobUIConfig)


def job_ui_config_from_json(value: rt.Json, lost: rt.Lost) -> JobUIConfig:
    """Return the JobUIConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_ui_config.value(value, lost)


_read_job_version_tag = rt.Reader(_JobVersionTagShape, rt.asdict, JobVersionTag)


def job_version_tag_from_json(value: rt.Json, lost: rt.Lost) -> JobVersionTag:
    """Return the JobVersionTag of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_version_tag.value(value, lost)


def _allocated_resources_fields(shape: _AllocatedResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.tasks is not None:
        fields["tasks"] = {name: _allocated_task_resources_fields(item) for name, item in shape.tasks.items()}
    if shape.task_lifecycles is not None:
        fields["task_lifecycles"] = {name: {} if item is None else rt.asdict(item) for name, item in shape.task_lifecycles.items()}
    if shape.shared is not None:
        fields["shared"] = _allocated_shared_resources_fields(shape.shared)
    return fields


_read_allocated_resources = rt.Reader(_AllocatedResourcesShape, _allocated_resources_fields, AllocatedResources)


def allocated_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedResources:
    """Return the AllocatedResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocated_resources.value(value, lost)


def _alloc_metric_fields(shape: _AllocMetricShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.resources_exhausted is not None:
        fields["resources_exhausted"] = {name: _resources_fields(item) for name, item in shape.resources_exhausted.items()}
    if shape.scores is not None:
        fields["scores"] = {name: rt.exact_float(item) for name, item in shape.scores.items()}
    if shape.score_meta_data is not None:
        fields["score_meta_data"] = [_node_score_meta_fields(item) for item in shape.score_meta_data]
    if shape.allocation_time is not None:
        fields["allocation_time"] = rt.duration_or_unset(shape.allocation_time)
    return fields


_read_alloc_metric = rt.Reader(_AllocMetricShape, _alloc_metric_fields, AllocMetric)


def alloc_metric_from_json(value: rt.Json, lost: rt.Lost) -> AllocMetric:
    """Return the AllocMetric of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_alloc_metric.value(value, lost)


_read_desired_transition = rt.Reader(_DesiredTransitionShape, rt.asdict, DesiredTransition)


def desired_transition_from_json(value: rt.Json, lost: rt.Lost) -> DesiredTransition:
    """Return the DesiredTransition of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_desired_transition.value(value, lost)


def _task_state_fields(shape: _TaskStateShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.last_restart is not None:
        fields["last_restart"] = rt.time_or_unset(shape.last_restart)
    if shape.started_at is not None:
        fields["started_at"] = rt.time_or_unset(shape.started_at)
    if shape.finished_at is not None:
        fields["finished_at"] = rt.time_or_unset(shape.finished_at)
    if shape.events is not None:
        fields["events"] = [_task_event_fields(item) for item in shape.events]
    return fields


_read_task_state = rt.Reader(_TaskStateShape, _task_state_fields, TaskState)


def task_state_from_json(value: rt.Json, lost: rt.Lost) -> TaskState:
    """Return the TaskState of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_task_state.value(value, lost)


def _alloc_state_fields(shape: _AllocStateShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.time is not None:
        fields["time"] = rt.time_or_unset(shape.time)
    return fields


_read_alloc_state = rt.Reader(_AllocStateShape, _alloc_state_fields, AllocState)


def alloc_state_from_json(value: rt.Json, lost: rt.Lost) -> AllocState:
    """Return the AllocState of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_alloc_state.value(value, lost)


def _alloc_deployment_status_fields(shape: _AllocDeploymentStatusShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.timestamp is not None:
        fields["timestamp"] = rt.time_or_unset(shape.timestamp)
    return fields


_read_alloc_deployment_status = rt.Reader(_AllocDeploymentStatusShape, _alloc_deployment_status_fields, AllocDeploymentStatus)


def alloc_deployment_status_from_json(value: rt.Json, lost: rt.Lost) -> AllocDeploymentStatus:
    """Return the AllocDeploymentStatus of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_alloc_deployment_status.value(value, lost)


def _reschedule_tracker_fields(shape: _RescheduleTrackerShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.events is not None:
        fields["events"] = [_reschedule_event_fields(item) for item in shape.events]
    return fields


_read_reschedule_tracker = rt.Reader(_RescheduleTrackerShape, _reschedule_tracker_fields, RescheduleTracker)


def reschedule_tracker_from_json(value: rt.Json, lost: rt.Lost) -> RescheduleTracker:
    """Return the RescheduleTracker of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_reschedule_tracker.value(value, lost)


def _alloc_network_status_fields(shape: _AllocNetworkStatusShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.dns is not None:
        fields["dns"] = rt.asdict(shape.dns)
    return fields


_read_alloc_network_status = rt.Reader(_AllocNetworkStatusShape, _alloc_network_status_fields, AllocNetworkStatus)


def alloc_network_status_from_json(value: rt.Json, lost: rt.Lost) -> AllocNetworkStatus:
    """Return the AllocNetworkStatus of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_alloc_network_status.value(value, lost)


def _evaluation_stub_fields(shape: _EvaluationStubShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.wait_until is not None:
        fields["wait_until"] = rt.time_or_unset(shape.wait_until)
    return fields


_read_evaluation_stub = rt.Reader(_EvaluationStubShape, _evaluation_stub_fields, EvaluationStub)


def evaluation_stub_from_json(value: rt.Json, lost: rt.Lost) -> EvaluationStub:
    """Return the EvaluationStub of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_evaluation_stub.value(value, lost)


def _deployment_state_fields(shape: _DeploymentStateShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.progress_deadline is not None:
        fields["progress_deadline"] = rt.duration_or_unset(shape.progress_deadline)
    if shape.require_progress_by is not None:
        fields["require_progress_by"] = rt.time_or_unset(shape.require_progress_by)
    return fields


_read_deployment_state = rt.Reader(_DeploymentStateShape, _deployment_state_fields, DeploymentState)


def deployment_state_from_json(value: rt.Json, lost: rt.Lost) -> DeploymentState:
    """Return the DeploymentState of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_deployment_state.value(value, lost)


_read_node_pool_scheduler_configuration = rt.Reader(_NodePoolSchedulerConfigurationShape, rt.asdict, NodePoolSchedulerConfiguration)


def node_pool_scheduler_configuration_from_json(value: rt.Json, lost: rt.Lost) -> NodePoolSchedulerConfiguration:
    """Return the NodePoolSchedulerConfiguration of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_pool_scheduler_configuration.value(value, lost)


_read_acl_token_role_link = rt.Reader(_ACLTokenRoleLinkShape, rt.asdict, ACLTokenRoleLink)


def acl_token_role_link_from_json(value: rt.Json, lost: rt.Lost) -> ACLTokenRoleLink:
    """Return the ACLTokenRoleLink of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_token_role_link.value(value, lost)


_read_acl_policy_job = rt.Reader(_ACLPolicyJobShape, rt.asdict, ACLPolicyJob)


def acl_policy_job_from_json(value: rt.Json, lost: rt.Lost) -> ACLPolicyJob:
    """Return the ACLPolicyJob of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_policy_job.value(value, lost)


_read_acl_role_policy_link = rt.Reader(_ACLRolePolicyLinkShape, rt.asdict, ACLRolePolicyLink)


def acl_role_policy_link_from_json(value: rt.Json, lost: rt.Lost) -> ACLRolePolicyLink:
    """Return the ACLRolePolicyLink of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_acl_role_policy_link.value(value, lost)


def _auth_method_config_fields(shape: _AuthMethodConfigShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.oidc_client_assertion is not None:
        fields["oidc_client_assertion"] = _auth_method_client_assertion_fields(shape.oidc_client_assertion)
    if shape.expiration_leeway is not None:
        fields["expiration_leeway"] = rt.duration_or_unset(shape.expiration_leeway)
    if shape.not_before_leeway is not None:
        fields["not_before_leeway"] = rt.duration_or_unset(shape.not_before_leeway)
    if shape.clock_skew_leeway is not None:
        fields["clock_skew_leeway"] = rt.duration_or_unset(shape.clock_skew_leeway)
    return fields


_read_auth_method_config = rt.Reader(_AuthMethodConfigShape, _auth_method_config_fields, AuthMethodConfig)


def auth_method_config_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethodConfig:
    """Return the AuthMethodConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_auth_method_config.value(value, lost)


def _variable_lock_fields(shape: _VariableLockShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.ttl is not None:
        fields["ttl"] = rt.duration_or_unset(shape.ttl)
    if shape.lock_delay is not None:
        fields["lock_delay"] = rt.duration_or_unset(shape.lock_delay)
    return fields


_read_variable_lock = rt.Reader(_VariableLockShape, _variable_lock_fields, VariableLock)


def variable_lock_from_json(value: rt.Json, lost: rt.Lost) -> VariableLock:
    """Return the VariableLock of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_variable_lock.value(value, lost)


_read_node_cpu_resources = rt.Reader(_NodeCpuResourcesShape, rt.asdict, NodeCpuResources)


def node_cpu_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeCpuResources:
    """Return the NodeCpuResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_cpu_resources.value(value, lost)


_read_node_memory_resources = rt.Reader(_NodeMemoryResourcesShape, rt.asdict, NodeMemoryResources)


def node_memory_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeMemoryResources:
    """Return the NodeMemoryResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_memory_resources.value(value, lost)


_read_node_disk_resources = rt.Reader(_NodeDiskResourcesShape, rt.asdict, NodeDiskResources)


def node_disk_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeDiskResources:
    """Return the NodeDiskResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_disk_resources.value(value, lost)


def _network_resource_fields(shape: _NetworkResourceShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.dns is not None:
        fields["dns"] = rt.asdict(shape.dns)
    if shape.reserved_ports is not None:
        fields["reserved_ports"] = [rt.asdict(item) for item in shape.reserved_ports]
    if shape.dynamic_ports is not None:
        fields["dynamic_ports"] = [rt.asdict(item) for item in shape.dynamic_ports]
    if shape.cni is not None:
        fields["cni"] = rt.asdict(shape.cni)
    return fields


_read_network_resource = rt.Reader(_NetworkResourceShape, _network_resource_fields, NetworkResource)


def network_resource_from_json(value: rt.Json, lost: rt.Lost) -> NetworkResource:
    """Return the NetworkResource of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_network_resource.value(value, lost)


def _node_network_resource_fields(shape: _NodeNetworkResourceShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.addresses is not None:
        fields["addresses"] = [rt.asdict(item) for item in shape.addresses]
    return fields


_read_node_network_resource = rt.Reader(_NodeNetworkResourceShape, _node_network_resource_fields, NodeNetworkResource)


def node_network_resource_from_json(value: rt.Json, lost: rt.Lost) -> NodeNetworkResource:
    """Return the NodeNetworkResource of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_network_resource.value(value, lost)


def _node_device_resource_fields(shape: _NodeDeviceResourceShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.instances is not None:
        fields["instances"] = [_node_device_fields(item) for item in shape.instances]
    fields["attributes_json"] = rt.raw_bytes(shape.attributes_json)
    return fields


_read_node_device_resource = rt.Reader(_NodeDeviceResourceShape, _node_device_resource_fields, NodeDeviceResource)


def node_device_resource_from_json(value: rt.Json, lost: rt.Lost) -> NodeDeviceResource:
    """Return the NodeDeviceResource of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_device_resource.value(value, lost)


def _node_processor_resources_fields(shape: _NodeProcessorResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.topology is not None:
        fields["topology"] = _numa_topology_fields(shape.topology)
    return fields


_read_node_processor_resources = rt.Reader(_NodeProcessorResourcesShape, _node_processor_resources_fields, NodeProcessorResources)


def node_processor_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeProcessorResources:
    """Return the NodeProcessorResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_processor_resources.value(value, lost)


_read_node_reserved_cpu_resources = rt.Reader(_NodeReservedCpuResourcesShape, rt.asdict, NodeReservedCpuResources)


def node_reserved_cpu_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedCpuResources:
    """Return the NodeReservedCpuResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_reserved_cpu_resources.value(value, lost)


_read_node_reserved_memory_resources = rt.Reader(_NodeReservedMemoryResourcesShape, rt.asdict, NodeReservedMemoryResources)


def node_reserved_memory_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedMemoryResources:
    """Return the NodeReservedMemoryResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_reserved_memory_resources.value(value, lost)


_read_node_reserved_disk_resources = rt.Reader(_NodeReservedDiskResourcesShape, rt.asdict, NodeReservedDiskResources)


def node_reserved_disk_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedDiskResources:
    """Return the NodeReservedDiskResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_reserved_disk_resources.value(value, lost)


_read_node_reserved_network_resources = rt.Reader(_NodeReservedNetworkResourcesShape, rt.asdict, NodeReservedNetworkResources)


def node_reserved_network_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedNetworkResources:
    """Return the NodeReservedNetworkResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_reserved_network_resources.value(value, lost)


_read_csi_controller_info = rt.Reader(_CSIControllerInfoShape, rt.asdict, CSIControllerInfo)


def csi_controller_info_from_json(value: rt.Json, lost: rt.Lost) -> CSIControllerInfo:
    """Return the CSIControllerInfo of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_csi_controller_info.value(value, lost)


def _csi_node_info_fields(shape: _CSINodeInfoShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.accessible_topology is not None:
        fields["accessible_topology"] = rt.asdict(shape.accessible_topology)
    return fields


_read_csi_node_info = rt.Reader(_CSINodeInfoShape, _csi_node_info_fields, CSINodeInfo)


def csi_node_info_from_json(value: rt.Json, lost: rt.Lost) -> CSINodeInfo:
    """Return the CSINodeInfo of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_csi_node_info.value(value, lost)


_read_job_spread_target = rt.Reader(_JobSpreadTargetShape, rt.asdict, JobSpreadTarget)


def job_spread_target_from_json(value: rt.Json, lost: rt.Lost) -> JobSpreadTarget:
    """Return the JobSpreadTarget of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_spread_target.value(value, lost)


_read_job_multiregion_strategy = rt.Reader(_JobMultiregionStrategyShape, rt.asdict, JobMultiregionStrategy)


def job_multiregion_strategy_from_json(value: rt.Json, lost: rt.Lost) -> JobMultiregionStrategy:
    """Return the JobMultiregionStrategy of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_multiregion_strategy.value(value, lost)


_read_job_ui_link = rt.Reader(_JobUILinkShape, rt.asdict, JobUILink)


def job_ui_link_from_json(value: rt.Json, lost: rt.Lost) -> JobUILink:
    """Return the JobUILink of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_job_ui_link.value(value, lost)


def _allocated_task_resources_fields(shape: _AllocatedTaskResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.cpu is not None:
        fields["cpu"] = rt.asdict(shape.cpu)
    if shape.memory is not None:
        fields["memory"] = rt.asdict(shape.memory)
    if shape.networks is not None:
        fields["networks"] = [_network_resource_fields(item) for item in shape.networks]
    fields["devices_json"] = rt.raw_bytes(shape.devices_json)
    return fields


_read_allocated_task_resources = rt.Reader(_AllocatedTaskResourcesShape, _allocated_task_resources_fields, AllocatedTaskResources)


def allocated_task_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedTaskResources:
    """Return the AllocatedTaskResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocated_task_resources.value(value, lost)


_read_task_lifecycle = rt.Reader(_TaskLifecycleShape, rt.asdict, TaskLifecycle)


def task_lifecycle_from_json(value: rt.Json, lost: rt.Lost) -> TaskLifecycle:
    """Return the TaskLifecycle of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_task_lifecycle.value(value, lost)


def _allocated_shared_resources_fields(shape: _AllocatedSharedResourcesShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.networks is not None:
        fields["networks"] = [_network_resource_fields(item) for item in shape.networks]
    if shape.ports is not None:
        fields["ports"] = [rt.asdict(item) for item in shape.ports]
    return fields


_read_allocated_shared_resources = rt.Reader(_AllocatedSharedResourcesShape, _allocated_shared_resources_fields, AllocatedSharedResources)


def allocated_shared_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedSharedResources:
    """Return the AllocatedSharedResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocated_shared_resources.value(value, lost)


def _node_score_meta_fields(shape: _NodeScoreMetaShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.scores is not None:
        fields["scores"] = {name: rt.exact_float(item) for name, item in shape.scores.items()}
    if shape.norm_score is not None:
        fields["norm_score"] = rt.exact_float(shape.norm_score)
    return fields


_read_node_score_meta = rt.Reader(_NodeScoreMetaShape, _node_score_meta_fields, NodeScoreMeta)


def node_score_meta_from_json(value: rt.Json, lost: rt.Lost) -> NodeScoreMeta:
    """Return the NodeScoreMeta of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_score_meta.value(value, lost)


def _task_event_fields(shape: _TaskEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.kill_timeout is not None:
        fields["kill_timeout"] = rt.duration_or_unset(shape.kill_timeout)
    return fields


_read_task_event = rt.Reader(_TaskEventShape, _task_event_fields, TaskEvent)


def task_event_from_json(value: rt.Json, lost: rt.Lost) -> TaskEvent:
    """Return the TaskEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_task_event.value(value, lost)


def _reschedule_event_fields(shape: _RescheduleEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.delay is not None:
        fields["delay"] = rt.duration_or_unset(shape.delay)
    return fields


_read_reschedule_event = rt.Reader(_RescheduleEventShape, _reschedule_event_fields, RescheduleEvent)


def reschedule_event_from_json(value: rt.Json, lost: rt.Lost) -> RescheduleEvent:
    """Return the RescheduleEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_reschedule_event.value(value, lost)


_read_dns_config = rt.Reader(_DnsConfigShape, rt.asdict, DnsConfig)


def dns_config_from_json(value: rt.Json, lost: rt.Lost) -> DnsConfig:
    """Return the DnsConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_dns_config.value(value, lost)


def _auth_method_client_assertion_fields(shape: _AuthMethodClientAssertionShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.private_key is not None:
        fields["private_key"] = rt.asdict(shape.private_key)
    return fields


_read_auth_method_client_assertion = rt.Reader(_AuthMethodClientAssertionShape, _auth_method_client_assertion_fields, AuthMethodClientAssertion)


def auth_method_client_assertion_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethodClientAssertion:
    """Return the AuthMethodClientAssertion of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_auth_method_client_assertion.value(value, lost)


_read_nomad_port = rt.Reader(_NomadPortShape, rt.asdict, NomadPort)


def nomad_port_from_json(value: rt.Json, lost: rt.Lost) -> NomadPort:
    """Return the NomadPort of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_nomad_port.value(value, lost)


_read_cni_config = rt.Reader(_CniConfigShape, rt.asdict, CniConfig)


def cni_config_from_json(value: rt.Json, lost: rt.Lost) -> CniConfig:
    """Return the CniConfig of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_cni_config.value(value, lost)


_read_node_network_address = rt.Reader(_NodeNetworkAddressShape, rt.asdict, NodeNetworkAddress)


def node_network_address_from_json(value: rt.Json, lost: rt.Lost) -> NodeNetworkAddress:
    """Return the NodeNetworkAddress of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_network_address.value(value, lost)


def _node_device_fields(shape: _NodeDeviceShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.locality is not None:
        fields["locality"] = rt.asdict(shape.locality)
    return fields


_read_node_device = rt.Reader(_NodeDeviceShape, _node_device_fields, NodeDevice)


def node_device_from_json(value: rt.Json, lost: rt.Lost) -> NodeDevice:
    """Return the NodeDevice of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_device.value(value, lost)


def _numa_topology_fields(shape: _NumaTopologyShape) -> rt.Fields:
    fields = rt.asdict(shape)
    fields["distances_json"] = rt.raw_bytes(shape.distances_json)
    if shape.cores is not None:
        fields["cores"] = [rt.asdict(item) for item in shape.cores]
    return fields


_read_numa_topology = rt.Reader(_NumaTopologyShape, _numa_topology_fields, NumaTopology)


def numa_topology_from_json(value: rt.Json, lost: rt.Lost) -> NumaTopology:
    """Return the NumaTopology of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_numa_topology.value(value, lost)


_read_csi_topology = rt.Reader(_CSITopologyShape, rt.asdict, CSITopology)


def csi_topology_from_json(value: rt.Json, lost: rt.Lost) -> CSITopology:
    """Return the CSITopology of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_csi_topology.value(value, lost)


_read_allocated_cpu_resources = rt.Reader(_AllocatedCpuResourcesShape, rt.asdict, AllocatedCpuResources)


def allocated_cpu_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedCpuResources:
    """Return the AllocatedCpuResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocated_cpu_resources.value(value, lost)


_read_allocated_memory_resources = rt.Reader(_AllocatedMemoryResourcesShape, rt.asdict, AllocatedMemoryResources)


def allocated_memory_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedMemoryResources:
    """Return the AllocatedMemoryResources of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocated_memory_resources.value(value, lost)


_read_allocated_port_mapping = rt.Reader(_AllocatedPortMappingShape, rt.asdict, AllocatedPortMapping)


def allocated_port_mapping_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedPortMapping:
    """Return the AllocatedPortMapping of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_allocated_port_mapping.value(value, lost)


_read_auth_method_private_key = rt.Reader(_AuthMethodPrivateKeyShape, rt.asdict, AuthMethodPrivateKey)


def auth_method_private_key_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethodPrivateKey:
    """Return the AuthMethodPrivateKey of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_auth_method_private_key.value(value, lost)


_read_node_device_locality = rt.Reader(_NodeDeviceLocalityShape, rt.asdict, NodeDeviceLocality)


def node_device_locality_from_json(value: rt.Json, lost: rt.Lost) -> NodeDeviceLocality:
    """Return the NodeDeviceLocality of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_node_device_locality.value(value, lost)


_read_numa_core = rt.Reader(_NumaCoreShape, rt.asdict, NumaCore)


def numa_core_from_json(value: rt.Json, lost: rt.Lost) -> NumaCore:
    """Return the NumaCore of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_numa_core.value(value, lost)


def nomad_event_from_members(members: dict[str, bytes], lost: rt.Lost) -> NomadEvent:
    """Return the NomadEvent of the valid texts of its members, as `rt.members` gives them.

    The exact text of "Payload" is kept in `payload_json` and not looked into.
    What the types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: a member has the wrong type; with the path.
    """
    exact = members.get("Payload", b"null")
    if exact == b"null":
        exact = b""
    elif not exact.startswith(b"{"):
        raise rt.JsonError("Payload", "expected an object")
    rest = {name: text for name, text in members.items() if name != "Payload"}
    message = _read_nomad_event.text(rt.join(rest), lost)
    message.payload_json = exact
    return message


def nomad_event_from_text(text: bytes, lost: rt.Lost) -> NomadEvent:
    """Return the NomadEvent of a JSON text, as `nomad_event_from_members` does.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return nomad_event_from_members(rt.members(text), lost)


def nomad_payload_from_text(text: bytes) -> tuple[NomadPayload, bool]:
    """Return the typed form of an exact JSON text, and whether it holds all that the text says.

    Absent, null and zero are alike, and so are the spellings of one instant and of one number. A
    text that repeats a name is never held whole.

    Raises:
        rt.JsonError: it is not JSON, or the types cannot hold it; with the path.
    """
    lost: list[str] = []
    message = _read_nomad_payload.text(text, lost)
    return message, not lost and rt.parses_whole(text)


def blank_nomad_payload(message: NomadPayload) -> bool:
    """Blank every secret of a typed NomadPayload in place, and say whether it had any."""
    return rt.blank_message(message)


def blank_nomad_payload_text(text: bytes) -> bytes:
    """Return the valid JSON text of a NomadPayload without its secrets.

    The very same bytes come back when it has none. Names count in any case. When the text is
    written anew, order and numbers stay as they were.

    Raises:
        rt.JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    return rt.blank_text(text, NomadPayload.DESCRIPTOR)
