"""Nomad's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

from tidings.v1 import json_runtime as rt
from tidings.v1.nomad_pb2 import NomadEvent, NomadPayload
from tidings.v1.nomad_alloc_pb2 import AllocDeploymentStatus, AllocMetric, AllocNetworkStatus, AllocState, AllocatedCpuResources, AllocatedMemoryResources, AllocatedPortMapping, AllocatedResources, AllocatedSharedResources, AllocatedTaskResources, Allocation, Deployment, DeploymentState, DesiredTransition, Evaluation, EvaluationStub, NodeScoreMeta, RescheduleEvent, RescheduleTracker, TaskEvent, TaskLifecycle, TaskState
from tidings.v1.nomad_job_pb2 import Job, JobAffinity, JobConstraint, JobMultiregion, JobMultiregionStrategy, JobSpread, JobSpreadTarget, JobUIConfig, JobUILink, JobVersionTag, ParameterizedJobConfig, PeriodicConfig, TaskGroup, UpdateStrategy
from tidings.v1.nomad_node_pb2 import CSIControllerInfo, CSIInfo, CSINodeInfo, CSITopology, ClientHostNetworkConfig, ClientHostVolumeConfig, CniConfig, DnsConfig, DrainMetadata, DrainStrategy, DriverInfo, NetworkResource, Node, NodeCpuResources, NodeDevice, NodeDeviceLocality, NodeDeviceResource, NodeDiskResources, NodeEvent, NodeMemoryResources, NodeNetworkAddress, NodeNetworkResource, NodeProcessorResources, NodeReservedCpuResources, NodeReservedDiskResources, NodeReservedMemoryResources, NodeReservedNetworkResources, NodeReservedResources, NodeResources, NomadPort, NumaCore, NumaTopology, Resources
from tidings.v1.nomad_objects_pb2 import ACLBindingRule, ACLPolicy, ACLPolicyJob, ACLRole, ACLRolePolicyLink, ACLToken, ACLTokenRoleLink, AuthMethod, AuthMethodClientAssertion, AuthMethodConfig, AuthMethodPrivateKey, CSIPlugin, NodePool, NodePoolSchedulerConfiguration, NomadVolume, ServiceRegistration, VariableLock, VariableMetadata


def nomad_event_to_json(message: NomadEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a NomadEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Topic": message.topic,
        "Type": message.type,
        "Key": message.key,
        "Namespace": message.namespace,
        "FilterKeys": list(message.filter_keys) or None,
        "Payload": rt.raw(message.payload_json) if message.payload_json else nomad_payload_to_json(message.payload) if message.HasField("payload") else None,
    }
    return value


def nomad_payload_to_json(message: NomadPayload) -> dict[str, rt.Json]:
    """Return the JSON object of a NomadPayload, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
    }
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
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Datacenter": message.datacenter,
        "Name": message.name,
        "HTTPAddr": message.http_addr,
        "TLSEnabled": message.tls_enabled,
        "Attributes": dict(message.attributes) or None,
        "NodeResources": node_resources_to_json(message.node_resources) if message.HasField("node_resources") else None,
        "ReservedResources": node_reserved_resources_to_json(message.reserved_resources) if message.HasField("reserved_resources") else None,
        "Resources": resources_to_json(message.resources) if message.HasField("resources") else None,
        "Reserved": resources_to_json(message.reserved) if message.HasField("reserved") else None,
        "Links": dict(message.links) or None,
        "Meta": dict(message.meta) or None,
        "NodeClass": message.node_class,
        "ComputedClass": message.computed_class,
        "Drain": message.drain,
        "DrainStrategy": drain_strategy_to_json(message.drain_strategy) if message.HasField("drain_strategy") else None,
        "SchedulingEligibility": message.scheduling_eligibility,
        "Status": message.status,
        "StatusDescription": message.status_description,
        "StatusUpdatedAt": message.status_updated_at,
        "Events": [node_event_to_json(item) for item in message.events] or None,
        "Drivers": {name: driver_info_to_json(item) for name, item in message.drivers.items()} or None,
        "CSIControllerPlugins": {name: csi_info_to_json(item) for name, item in message.csi_controller_plugins.items()} or None,
        "CSINodePlugins": {name: csi_info_to_json(item) for name, item in message.csi_node_plugins.items()} or None,
        "HostVolumes": {name: client_host_volume_config_to_json(item) for name, item in message.host_volumes.items()} or None,
        "CreateIndex": message.create_index,
        "ModifyIndex": message.modify_index,
    }
    if message.secret_id:
        value["SecretID"] = message.secret_id
    if message.node_pool:
        value["NodePool"] = message.node_pool
    if message.cgroup_parent:
        value["CgroupParent"] = message.cgroup_parent
    if message.host_networks:
        value["HostNetworks"] = {name: client_host_network_config_to_json(item) for name, item in message.host_networks.items()}
    if message.HasField("last_drain"):
        value["LastDrain"] = drain_metadata_to_json(message.last_drain)
    if message.last_missed_heartbeat_index:
        value["LastMissedHeartbeatIndex"] = message.last_missed_heartbeat_index
    if message.last_alloc_update_index:
        value["LastAllocUpdateIndex"] = message.last_alloc_update_index
    if message.gc_volumes_on_node_gc:
        value["GCVolumesOnNodeGC"] = message.gc_volumes_on_node_gc
    if message.node_max_allocs:
        value["NodeMaxAllocs"] = message.node_max_allocs
    if message.identity_signing_key_id:
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
        "Datacenters": list(message.datacenters) or None,
        "NodePool": message.node_pool,
        "Constraints": [job_constraint_to_json(item) for item in message.constraints] or None,
        "Affinities": [job_affinity_to_json(item) for item in message.affinities] or None,
        "Spreads": [job_spread_to_json(item) for item in message.spreads] or None,
        "TaskGroups": [task_group_to_json(item) for item in message.task_groups] or None,
        "Update": update_strategy_to_json(message.update) if message.HasField("update") else None,
        "Multiregion": job_multiregion_to_json(message.multiregion) if message.HasField("multiregion") else None,
        "Periodic": periodic_config_to_json(message.periodic) if message.HasField("periodic") else None,
        "ParameterizedJob": parameterized_job_config_to_json(message.parameterized_job) if message.HasField("parameterized_job") else None,
        "Dispatched": message.dispatched,
        "DispatchIdempotencyToken": message.dispatch_idempotency_token,
        "Payload": rt.base64_text(message.payload) or None,
        "Meta": dict(message.meta) or None,
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
    value: dict[str, rt.Json] = {
    }
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
    if message.task_resources:
        value["TaskResources"] = {name: resources_to_json(item) for name, item in message.task_resources.items()}
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
    if message.task_states:
        value["TaskStates"] = {name: task_state_to_json(item) for name, item in message.task_states.items()}
    if message.alloc_states:
        value["AllocStates"] = [alloc_state_to_json(item) for item in message.alloc_states]
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
    if message.preempted_allocations:
        value["PreemptedAllocations"] = list(message.preempted_allocations)
    if message.preempted_by_allocation:
        value["PreemptedByAllocation"] = message.preempted_by_allocation
    if message.signed_identities:
        value["SignedIdentities"] = dict(message.signed_identities)
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
    return value


def evaluation_to_json(message: Evaluation) -> dict[str, rt.Json]:
    """Return the JSON object of a Evaluation, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
    }
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
    if message.related_evals:
        value["RelatedEvals"] = [evaluation_stub_to_json(item) for item in message.related_evals]
    if message.failed_tg_allocs:
        value["FailedTGAllocs"] = {name: alloc_metric_to_json(item) for name, item in message.failed_tg_allocs.items()}
    if message.plan_annotations_json:
        value["PlanAnnotations"] = rt.raw(message.plan_annotations_json)
    if message.class_eligibility:
        value["ClassEligibility"] = dict(message.class_eligibility)
    if message.quota_limit_reached:
        value["QuotaLimitReached"] = message.quota_limit_reached
    if message.missing_non_node_resources:
        value["MissingNonNodeResources"] = list(message.missing_non_node_resources)
    if message.escaped_computed_class:
        value["EscapedComputedClass"] = message.escaped_computed_class
    if message.annotate_plan:
        value["AnnotatePlan"] = message.annotate_plan
    if message.queued_allocations:
        value["QueuedAllocations"] = dict(message.queued_allocations)
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
        "TaskGroups": {name: deployment_state_to_json(item) for name, item in message.task_groups.items()} or None,
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
        "Meta": dict(message.meta) or None,
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
        "Tags": list(message.tags) or None,
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
        "Policies": list(message.policies) or None,
        "Roles": [acl_token_role_link_to_json(item) for item in message.roles] or None,
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
        "Policies": [acl_role_policy_link_to_json(item) for item in message.policies] or None,
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
    value: dict[str, rt.Json] = {
    }
    if message.id:
        value["ID"] = message.id
    if message.namespace:
        value["Namespace"] = message.namespace
    if message.name:
        value["Name"] = message.name
    if message.external_id:
        value["ExternalID"] = message.external_id
    if message.plugin_id:
        value["PluginID"] = message.plugin_id
    if message.node_pool:
        value["NodePool"] = message.node_pool
    if message.node_id:
        value["NodeID"] = message.node_id
    if message.host_path:
        value["HostPath"] = message.host_path
    if message.state:
        value["State"] = message.state
    if message.capacity_bytes:
        value["CapacityBytes"] = message.capacity_bytes
    if message.capacity:
        value["Capacity"] = message.capacity
    if message.requested_capacity_min_bytes:
        value["RequestedCapacityMinBytes"] = message.requested_capacity_min_bytes
    if message.requested_capacity_max_bytes:
        value["RequestedCapacityMaxBytes"] = message.requested_capacity_max_bytes
    if message.requested_capabilities_json:
        value["RequestedCapabilities"] = rt.raw(message.requested_capabilities_json)
    if message.constraints_json:
        value["Constraints"] = rt.raw(message.constraints_json)
    if message.parameters:
        value["Parameters"] = dict(message.parameters)
    if message.topologies_json:
        value["Topologies"] = rt.raw(message.topologies_json)
    if message.requested_topologies_json:
        value["RequestedTopologies"] = rt.raw(message.requested_topologies_json)
    if message.access_mode:
        value["AccessMode"] = message.access_mode
    if message.attachment_mode:
        value["AttachmentMode"] = message.attachment_mode
    if message.mount_options_json:
        value["MountOptions"] = rt.raw(message.mount_options_json)
    if message.secrets:
        value["Secrets"] = dict(message.secrets)
    if message.context:
        value["Context"] = dict(message.context)
    if message.read_allocs_json:
        value["ReadAllocs"] = rt.raw(message.read_allocs_json)
    if message.write_allocs_json:
        value["WriteAllocs"] = rt.raw(message.write_allocs_json)
    if message.read_claims_json:
        value["ReadClaims"] = rt.raw(message.read_claims_json)
    if message.write_claims_json:
        value["WriteClaims"] = rt.raw(message.write_claims_json)
    if message.past_claims_json:
        value["PastClaims"] = rt.raw(message.past_claims_json)
    if message.schedulable:
        value["Schedulable"] = message.schedulable
    if message.provider:
        value["Provider"] = message.provider
    if message.provider_version:
        value["ProviderVersion"] = message.provider_version
    if message.controller_required:
        value["ControllerRequired"] = message.controller_required
    if message.controllers_healthy:
        value["ControllersHealthy"] = message.controllers_healthy
    if message.controllers_expected:
        value["ControllersExpected"] = message.controllers_expected
    if message.nodes_healthy:
        value["NodesHealthy"] = message.nodes_healthy
    if message.nodes_expected:
        value["NodesExpected"] = message.nodes_expected
    if message.HasField("resource_exhausted"):
        value["ResourceExhausted"] = rt.time_text(message.resource_exhausted)
    if message.allocations_json:
        value["Allocations"] = rt.raw(message.allocations_json)
    if message.create_index:
        value["CreateIndex"] = message.create_index
    if message.modify_index:
        value["ModifyIndex"] = message.modify_index
    if message.create_time:
        value["CreateTime"] = message.create_time
    if message.modify_time:
        value["ModifyTime"] = message.modify_time
    if message.requested_capacity_min:
        value["RequestedCapacityMin"] = message.requested_capacity_min
    if message.requested_capacity_max:
        value["RequestedCapacityMax"] = message.requested_capacity_max
    if message.clone_id:
        value["CloneID"] = message.clone_id
    if message.snapshot_id:
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
        "Networks": [network_resource_to_json(item) for item in message.networks] or None,
        "NodeNetworks": [node_network_resource_to_json(item) for item in message.node_networks] or None,
        "Devices": [node_device_resource_to_json(item) for item in message.devices] or None,
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
        "Networks": [network_resource_to_json(item) for item in message.networks] or None,
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
        "Details": dict(message.details) or None,
        "Timestamp": rt.time_text(message.timestamp) if message.HasField("timestamp") else rt.ZERO_TIME,
        "CreateIndex": message.create_index,
    }
    return value


def driver_info_to_json(message: DriverInfo) -> dict[str, rt.Json]:
    """Return the JSON object of a DriverInfo, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Attributes": dict(message.attributes) or None,
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
        "Meta": dict(message.meta) or None,
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
        "SpreadTarget": [job_spread_target_to_json(item) for item in message.spread_target] or None,
    }
    return value


def task_group_to_json(message: TaskGroup) -> dict[str, rt.Json]:
    """Return the JSON object of a TaskGroup, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Name": message.name,
        "Count": message.count,
        "Update": update_strategy_to_json(message.update) if message.HasField("update") else None,
        "Migrate": rt.raw(message.migrate_json),
        "Constraints": [job_constraint_to_json(item) for item in message.constraints] or None,
        "Scaling": rt.raw(message.scaling_json),
        "RestartPolicy": rt.raw(message.restart_policy_json),
        "Disconnect": rt.raw(message.disconnect_json),
        "Tasks": rt.raw(message.tasks_json),
        "EphemeralDisk": rt.raw(message.ephemeral_disk_json),
        "Meta": dict(message.meta) or None,
        "ReschedulePolicy": rt.raw(message.reschedule_policy_json),
        "Affinities": [job_affinity_to_json(item) for item in message.affinities] or None,
        "Spreads": [job_spread_to_json(item) for item in message.spreads] or None,
        "Networks": [network_resource_to_json(item) for item in message.networks] or None,
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
        "Specs": list(message.specs) or None,
        "SpecType": message.spec_type,
        "ProhibitOverlap": message.prohibit_overlap,
        "TimeZone": message.time_zone,
    }
    return value


def parameterized_job_config_to_json(message: ParameterizedJobConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a ParameterizedJobConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Payload": message.payload,
        "MetaRequired": list(message.meta_required) or None,
        "MetaOptional": list(message.meta_optional) or None,
    }
    return value


def job_ui_config_to_json(message: JobUIConfig) -> dict[str, rt.Json]:
    """Return the JSON object of a JobUIConfig, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Description": message.description,
        "Links": [job_ui_link_to_json(item) for item in message.links] or None,
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
        "Tasks": {name: allocated_task_resources_to_json(item) for name, item in message.tasks.items()} or None,
        "TaskLifecycles": {name: task_lifecycle_to_json(item) for name, item in message.task_lifecycles.items()} or None,
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
    value["NodesAvailable"] = dict(message.nodes_available) or None
    value["ClassFiltered"] = dict(message.class_filtered) or None
    value["ConstraintFiltered"] = dict(message.constraint_filtered) or None
    value["NodesExhausted"] = message.nodes_exhausted
    value["ClassExhausted"] = dict(message.class_exhausted) or None
    value["DimensionExhausted"] = dict(message.dimension_exhausted) or None
    value["QuotaExhausted"] = list(message.quota_exhausted) or None
    value["ResourcesExhausted"] = {name: resources_to_json(item) for name, item in message.resources_exhausted.items()} or None
    value["Scores"] = dict(message.scores) or None
    value["ScoreMetaData"] = [node_score_meta_to_json(item) for item in message.score_meta_data] or None
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
        "Events": [task_event_to_json(item) for item in message.events] or None,
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
        "Events": [reschedule_event_to_json(item) for item in message.events] or None,
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
        "PlacedCanaries": list(message.placed_canaries) or None,
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
        "JWTValidationPubKeys": list(message.jwt_validation_pub_keys) or None,
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
    value["OIDCScopes"] = list(message.oidc_scopes) or None
    value["BoundAudiences"] = list(message.bound_audiences) or None
    value["BoundIssuer"] = list(message.bound_issuer) or None
    value["AllowedRedirectURIs"] = list(message.allowed_redirect_uris) or None
    value["DiscoveryCaPem"] = list(message.discovery_ca_pem) or None
    value["SigningAlgs"] = list(message.signing_algs) or None
    value["ExpirationLeeway"] = rt.nanoseconds(message.expiration_leeway) if message.HasField("expiration_leeway") else 0
    value["NotBeforeLeeway"] = rt.nanoseconds(message.not_before_leeway) if message.HasField("not_before_leeway") else 0
    value["ClockSkewLeeway"] = rt.nanoseconds(message.clock_skew_leeway) if message.HasField("clock_skew_leeway") else 0
    value["ClaimMappings"] = dict(message.claim_mappings) or None
    value["ListClaimMappings"] = dict(message.list_claim_mappings) or None
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
    if message.reservable_cpu_cores:
        value["ReservableCpuCores"] = list(message.reservable_cpu_cores)
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
        "ReservedPorts": [nomad_port_to_json(item) for item in message.reserved_ports] or None,
        "DynamicPorts": [nomad_port_to_json(item) for item in message.dynamic_ports] or None,
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
        "Addresses": [node_network_address_to_json(item) for item in message.addresses] or None,
    }
    return value


def node_device_resource_to_json(message: NodeDeviceResource) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeDeviceResource, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Vendor": message.vendor,
        "Type": message.type,
        "Name": message.name,
        "Instances": [node_device_to_json(item) for item in message.instances] or None,
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
    if message.reserved_cpu_cores:
        value["ReservedCpuCores"] = list(message.reserved_cpu_cores)
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
        "Networks": [network_resource_to_json(item) for item in message.networks] or None,
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
        "Networks": [network_resource_to_json(item) for item in message.networks] or None,
        "DiskMB": message.disk_mb,
        "Ports": [allocated_port_mapping_to_json(item) for item in message.ports] or None,
    }
    return value


def node_score_meta_to_json(message: NodeScoreMeta) -> dict[str, rt.Json]:
    """Return the JSON object of a NodeScoreMeta, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "NodeID": message.node_id,
        "Scores": dict(message.scores) or None,
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
        "Details": dict(message.details) or None,
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
        "Servers": list(message.servers) or None,
        "Searches": list(message.searches) or None,
        "Options": list(message.options) or None,
    }
    return value


def auth_method_client_assertion_to_json(message: AuthMethodClientAssertion) -> dict[str, rt.Json]:
    """Return the JSON object of a AuthMethodClientAssertion, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Audience": list(message.audience) or None,
        "PrivateKey": auth_method_private_key_to_json(message.private_key) if message.HasField("private_key") else None,
        "ExtraHeaders": dict(message.extra_headers) or None,
        "KeySource": message.key_source,
        "KeyAlgorithm": message.key_algorithm,
    }
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
        "Args": dict(message.args) or None,
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
        "Nodes": list(message.nodes) or None,
        "Distances": rt.raw(message.distances_json),
        "Cores": [numa_core_to_json(item) for item in message.cores] or None,
        "OverrideTotalCompute": message.override_total_compute,
        "OverrideWitholdCompute": message.override_withold_compute,
    }
    return value


def csi_topology_to_json(message: CSITopology) -> dict[str, rt.Json]:
    """Return the JSON object of a CSITopology, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "Segments": dict(message.segments) or None,
    }
    return value


def allocated_cpu_resources_to_json(message: AllocatedCpuResources) -> dict[str, rt.Json]:
    """Return the JSON object of a AllocatedCpuResources, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "CpuShares": message.cpu_shares,
        "ReservedCores": list(message.reserved_cores) or None,
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


_NODE_CPU_RESOURCES: rt.Table = {
    "CpuShares": ("cpu_shares", int, rt.wrong("an integer")),
    "TotalCpuCores": ("total_cpu_cores", int, rt.wrong("an integer")),
    "ReservableCpuCores": ("reservable_cpu_cores", None, rt.list_of(int, "an integer")),
}


def node_cpu_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeCpuResources:
    """Return the NodeCpuResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeCpuResources = rt.fill(NodeCpuResources, _NODE_CPU_RESOURCES, value, lost)
    return message


_NODE_MEMORY_RESOURCES: rt.Table = {
    "MemoryMB": ("memory_mb", int, rt.wrong("an integer")),
}


def node_memory_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeMemoryResources:
    """Return the NodeMemoryResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeMemoryResources = rt.fill(NodeMemoryResources, _NODE_MEMORY_RESOURCES, value, lost)
    return message


_NODE_DISK_RESOURCES: rt.Table = {
    "DiskMB": ("disk_mb", int, rt.wrong("an integer")),
}


def node_disk_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeDiskResources:
    """Return the NodeDiskResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeDiskResources = rt.fill(NodeDiskResources, _NODE_DISK_RESOURCES, value, lost)
    return message


_DNS_CONFIG: rt.Table = {
    "Servers": ("servers", None, rt.list_of(str, "text")),
    "Searches": ("searches", None, rt.list_of(str, "text")),
    "Options": ("options", None, rt.list_of(str, "text")),
}


def dns_config_from_json(value: rt.Json, lost: rt.Lost) -> DnsConfig:
    """Return the DnsConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: DnsConfig = rt.fill(DnsConfig, _DNS_CONFIG, value, lost)
    return message


_NOMAD_PORT: rt.Table = {
    "Label": ("label", str, rt.wrong("text")),
    "Value": ("value", int, rt.wrong("an integer")),
    "To": ("to", int, rt.wrong("an integer")),
    "HostNetwork": ("host_network", str, rt.wrong("text")),
    "IgnoreCollision": ("ignore_collision", bool, rt.wrong("true or false")),
}


def nomad_port_from_json(value: rt.Json, lost: rt.Lost) -> NomadPort:
    """Return the NomadPort of a JSON object; what its types cannot hold is written to `lost`."""
    message: NomadPort = rt.fill(NomadPort, _NOMAD_PORT, value, lost)
    return message


_CNI_CONFIG: rt.Table = {
    "Args": ("args", None, rt.map_of(str, "text")),
}


def cni_config_from_json(value: rt.Json, lost: rt.Lost) -> CniConfig:
    """Return the CniConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: CniConfig = rt.fill(CniConfig, _CNI_CONFIG, value, lost)
    return message


_NETWORK_RESOURCE: rt.Table = {
    "Mode": ("mode", str, rt.wrong("text")),
    "Device": ("device", str, rt.wrong("text")),
    "CIDR": ("cidr", str, rt.wrong("text")),
    "IP": ("ip", str, rt.wrong("text")),
    "MBits": ("mbits", int, rt.wrong("an integer")),
    "DNS": ("dns", None, dns_config_from_json),
    "ReservedPorts": ("reserved_ports", None, rt.list_of_messages(nomad_port_from_json)),
    "DynamicPorts": ("dynamic_ports", None, rt.list_of_messages(nomad_port_from_json)),
    "Hostname": ("hostname", str, rt.wrong("text")),
    "CNI": ("cni", None, cni_config_from_json),
}


def network_resource_from_json(value: rt.Json, lost: rt.Lost) -> NetworkResource:
    """Return the NetworkResource of a JSON object; what its types cannot hold is written to `lost`."""
    message: NetworkResource = rt.fill(NetworkResource, _NETWORK_RESOURCE, value, lost)
    return message


_NODE_NETWORK_ADDRESS: rt.Table = {
    "Family": ("family", str, rt.wrong("text")),
    "Alias": ("alias", str, rt.wrong("text")),
    "Address": ("address", str, rt.wrong("text")),
    "ReservedPorts": ("reserved_ports", str, rt.wrong("text")),
    "Gateway": ("gateway", str, rt.wrong("text")),
}


def node_network_address_from_json(value: rt.Json, lost: rt.Lost) -> NodeNetworkAddress:
    """Return the NodeNetworkAddress of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeNetworkAddress = rt.fill(NodeNetworkAddress, _NODE_NETWORK_ADDRESS, value, lost)
    return message


_NODE_NETWORK_RESOURCE: rt.Table = {
    "Mode": ("mode", str, rt.wrong("text")),
    "Device": ("device", str, rt.wrong("text")),
    "MacAddress": ("mac_address", str, rt.wrong("text")),
    "Speed": ("speed", int, rt.wrong("an integer")),
    "Addresses": ("addresses", None, rt.list_of_messages(node_network_address_from_json)),
}


def node_network_resource_from_json(value: rt.Json, lost: rt.Lost) -> NodeNetworkResource:
    """Return the NodeNetworkResource of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeNetworkResource = rt.fill(NodeNetworkResource, _NODE_NETWORK_RESOURCE, value, lost)
    return message


_NODE_DEVICE_LOCALITY: rt.Table = {
    "PciBusID": ("pci_bus_id", str, rt.wrong("text")),
}


def node_device_locality_from_json(value: rt.Json, lost: rt.Lost) -> NodeDeviceLocality:
    """Return the NodeDeviceLocality of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeDeviceLocality = rt.fill(NodeDeviceLocality, _NODE_DEVICE_LOCALITY, value, lost)
    return message


_NODE_DEVICE: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Healthy": ("healthy", bool, rt.wrong("true or false")),
    "HealthDescription": ("health_description", str, rt.wrong("text")),
    "Locality": ("locality", None, node_device_locality_from_json),
}


def node_device_from_json(value: rt.Json, lost: rt.Lost) -> NodeDevice:
    """Return the NodeDevice of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeDevice = rt.fill(NodeDevice, _NODE_DEVICE, value, lost)
    return message


_NODE_DEVICE_RESOURCE: rt.Table = {
    "Vendor": ("vendor", str, rt.wrong("text")),
    "Type": ("type", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "Instances": ("instances", None, rt.list_of_messages(node_device_from_json)),
    "Attributes": ("attributes_json", None, rt.take_raw),
}


def node_device_resource_from_json(value: rt.Json, lost: rt.Lost) -> NodeDeviceResource:
    """Return the NodeDeviceResource of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeDeviceResource = rt.fill(NodeDeviceResource, _NODE_DEVICE_RESOURCE, value, lost)
    return message


_NUMA_CORE: rt.Table = {
    "SocketID": ("socket_id", int, rt.wrong("an integer")),
    "NodeID": ("node_id", int, rt.wrong("an integer")),
    "ID": ("id", int, rt.wrong("an integer")),
    "Grade": ("grade", bool, rt.wrong("true or false")),
    "Disable": ("disable", bool, rt.wrong("true or false")),
    "BaseSpeed": ("base_speed", int, rt.wrong("an integer")),
    "MaxSpeed": ("max_speed", int, rt.wrong("an integer")),
    "GuessSpeed": ("guess_speed", int, rt.wrong("an integer")),
}


def numa_core_from_json(value: rt.Json, lost: rt.Lost) -> NumaCore:
    """Return the NumaCore of a JSON object; what its types cannot hold is written to `lost`."""
    message: NumaCore = rt.fill(NumaCore, _NUMA_CORE, value, lost)
    return message


_NUMA_TOPOLOGY: rt.Table = {
    "Nodes": ("nodes", None, rt.list_of(int, "an integer")),
    "Distances": ("distances_json", None, rt.take_raw),
    "Cores": ("cores", None, rt.list_of_messages(numa_core_from_json)),
    "OverrideTotalCompute": ("override_total_compute", int, rt.wrong("an integer")),
    "OverrideWitholdCompute": ("override_withold_compute", int, rt.wrong("an integer")),
}


def numa_topology_from_json(value: rt.Json, lost: rt.Lost) -> NumaTopology:
    """Return the NumaTopology of a JSON object; what its types cannot hold is written to `lost`."""
    message: NumaTopology = rt.fill(NumaTopology, _NUMA_TOPOLOGY, value, lost)
    return message


_NODE_PROCESSOR_RESOURCES: rt.Table = {
    "Topology": ("topology", None, numa_topology_from_json),
}


def node_processor_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeProcessorResources:
    """Return the NodeProcessorResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeProcessorResources = rt.fill(NodeProcessorResources, _NODE_PROCESSOR_RESOURCES, value, lost)
    return message


_NODE_RESOURCES: rt.Table = {
    "Cpu": ("cpu", None, node_cpu_resources_from_json),
    "Memory": ("memory", None, node_memory_resources_from_json),
    "Disk": ("disk", None, node_disk_resources_from_json),
    "Networks": ("networks", None, rt.list_of_messages(network_resource_from_json)),
    "NodeNetworks": ("node_networks", None, rt.list_of_messages(node_network_resource_from_json)),
    "Devices": ("devices", None, rt.list_of_messages(node_device_resource_from_json)),
    "Processors": ("processors", None, node_processor_resources_from_json),
    "MinDynamicPort": ("min_dynamic_port", int, rt.wrong("an integer")),
    "MaxDynamicPort": ("max_dynamic_port", int, rt.wrong("an integer")),
}


def node_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeResources:
    """Return the NodeResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeResources = rt.fill(NodeResources, _NODE_RESOURCES, value, lost)
    return message


_NODE_RESERVED_CPU_RESOURCES: rt.Table = {
    "CpuShares": ("cpu_shares", int, rt.wrong("an integer")),
    "ReservedCpuCores": ("reserved_cpu_cores", None, rt.list_of(int, "an integer")),
}


def node_reserved_cpu_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedCpuResources:
    """Return the NodeReservedCpuResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeReservedCpuResources = rt.fill(NodeReservedCpuResources, _NODE_RESERVED_CPU_RESOURCES, value, lost)
    return message


_NODE_RESERVED_MEMORY_RESOURCES: rt.Table = {
    "MemoryMB": ("memory_mb", int, rt.wrong("an integer")),
}


def node_reserved_memory_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedMemoryResources:
    """Return the NodeReservedMemoryResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeReservedMemoryResources = rt.fill(NodeReservedMemoryResources, _NODE_RESERVED_MEMORY_RESOURCES, value, lost)
    return message


_NODE_RESERVED_DISK_RESOURCES: rt.Table = {
    "DiskMB": ("disk_mb", int, rt.wrong("an integer")),
}


def node_reserved_disk_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedDiskResources:
    """Return the NodeReservedDiskResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeReservedDiskResources = rt.fill(NodeReservedDiskResources, _NODE_RESERVED_DISK_RESOURCES, value, lost)
    return message


_NODE_RESERVED_NETWORK_RESOURCES: rt.Table = {
    "ReservedHostPorts": ("reserved_host_ports", str, rt.wrong("text")),
}


def node_reserved_network_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedNetworkResources:
    """Return the NodeReservedNetworkResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeReservedNetworkResources = rt.fill(NodeReservedNetworkResources, _NODE_RESERVED_NETWORK_RESOURCES, value, lost)
    return message


_NODE_RESERVED_RESOURCES: rt.Table = {
    "Cpu": ("cpu", None, node_reserved_cpu_resources_from_json),
    "Memory": ("memory", None, node_reserved_memory_resources_from_json),
    "Disk": ("disk", None, node_reserved_disk_resources_from_json),
    "Networks": ("networks", None, node_reserved_network_resources_from_json),
}


def node_reserved_resources_from_json(value: rt.Json, lost: rt.Lost) -> NodeReservedResources:
    """Return the NodeReservedResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeReservedResources = rt.fill(NodeReservedResources, _NODE_RESERVED_RESOURCES, value, lost)
    return message


_RESOURCES: rt.Table = {
    "CPU": ("cpu", int, rt.wrong("an integer")),
    "MemoryMB": ("memory_mb", int, rt.wrong("an integer")),
    "DiskMB": ("disk_mb", int, rt.wrong("an integer")),
    "IOPS": ("iops", int, rt.wrong("an integer")),
    "Networks": ("networks", None, rt.list_of_messages(network_resource_from_json)),
    "Devices": ("devices_json", None, rt.take_raw),
    "Cores": ("cores", int, rt.wrong("an integer")),
    "MemoryMaxMB": ("memory_max_mb", int, rt.wrong("an integer")),
    "NUMA": ("numa_json", None, rt.take_raw),
    "SecretsMB": ("secrets_mb", int, rt.wrong("an integer")),
}


def resources_from_json(value: rt.Json, lost: rt.Lost) -> Resources:
    """Return the Resources of a JSON object; what its types cannot hold is written to `lost`."""
    message: Resources = rt.fill(Resources, _RESOURCES, value, lost)
    return message


_DRAIN_STRATEGY: rt.Table = {
    "Deadline": ("deadline", None, rt.take_duration),
    "IgnoreSystemJobs": ("ignore_system_jobs", bool, rt.wrong("true or false")),
    "ForceDeadline": ("force_deadline", None, rt.take_time),
    "StartedAt": ("started_at", None, rt.take_time),
}


def drain_strategy_from_json(value: rt.Json, lost: rt.Lost) -> DrainStrategy:
    """Return the DrainStrategy of a JSON object; what its types cannot hold is written to `lost`."""
    message: DrainStrategy = rt.fill(DrainStrategy, _DRAIN_STRATEGY, value, lost)
    return message


_NODE_EVENT: rt.Table = {
    "Message": ("message", str, rt.wrong("text")),
    "Subsystem": ("subsystem", str, rt.wrong("text")),
    "Details": ("details", None, rt.map_of(str, "text")),
    "Timestamp": ("timestamp", None, rt.take_time),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
}


def node_event_from_json(value: rt.Json, lost: rt.Lost) -> NodeEvent:
    """Return the NodeEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeEvent = rt.fill(NodeEvent, _NODE_EVENT, value, lost)
    return message


_DRIVER_INFO: rt.Table = {
    "Attributes": ("attributes", None, rt.map_of(str, "text")),
    "Detected": ("detected", bool, rt.wrong("true or false")),
    "Healthy": ("healthy", bool, rt.wrong("true or false")),
    "HealthDescription": ("health_description", str, rt.wrong("text")),
    "UpdateTime": ("update_time", None, rt.take_time),
}


def driver_info_from_json(value: rt.Json, lost: rt.Lost) -> DriverInfo:
    """Return the DriverInfo of a JSON object; what its types cannot hold is written to `lost`."""
    message: DriverInfo = rt.fill(DriverInfo, _DRIVER_INFO, value, lost)
    return message


_CSI_CONTROLLER_INFO: rt.Table = {
    "SupportsReadOnlyAttach": ("supports_read_only_attach", bool, rt.wrong("true or false")),
    "SupportsAttachDetach": ("supports_attach_detach", bool, rt.wrong("true or false")),
    "SupportsListVolumes": ("supports_list_volumes", bool, rt.wrong("true or false")),
    "SupportsListVolumesAttachedNodes": ("supports_list_volumes_attached_nodes", bool, rt.wrong("true or false")),
    "SupportsCreateDelete": ("supports_create_delete", bool, rt.wrong("true or false")),
    "SupportsCreateDeleteSnapshot": ("supports_create_delete_snapshot", bool, rt.wrong("true or false")),
    "SupportsListSnapshots": ("supports_list_snapshots", bool, rt.wrong("true or false")),
    "SupportsClone": ("supports_clone", bool, rt.wrong("true or false")),
    "SupportsGetCapacity": ("supports_get_capacity", bool, rt.wrong("true or false")),
    "SupportsExpand": ("supports_expand", bool, rt.wrong("true or false")),
    "SupportsCondition": ("supports_condition", bool, rt.wrong("true or false")),
    "SupportsGet": ("supports_get", bool, rt.wrong("true or false")),
}


def csi_controller_info_from_json(value: rt.Json, lost: rt.Lost) -> CSIControllerInfo:
    """Return the CSIControllerInfo of a JSON object; what its types cannot hold is written to `lost`."""
    message: CSIControllerInfo = rt.fill(CSIControllerInfo, _CSI_CONTROLLER_INFO, value, lost)
    return message


_CSI_TOPOLOGY: rt.Table = {
    "Segments": ("segments", None, rt.map_of(str, "text")),
}


def csi_topology_from_json(value: rt.Json, lost: rt.Lost) -> CSITopology:
    """Return the CSITopology of a JSON object; what its types cannot hold is written to `lost`."""
    message: CSITopology = rt.fill(CSITopology, _CSI_TOPOLOGY, value, lost)
    return message


_CSI_NODE_INFO: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "MaxVolumes": ("max_volumes", int, rt.wrong("an integer")),
    "AccessibleTopology": ("accessible_topology", None, csi_topology_from_json),
    "RequiresNodeStageVolume": ("requires_node_stage_volume", bool, rt.wrong("true or false")),
    "SupportsStats": ("supports_stats", bool, rt.wrong("true or false")),
    "SupportsExpand": ("supports_expand", bool, rt.wrong("true or false")),
    "SupportsCondition": ("supports_condition", bool, rt.wrong("true or false")),
}


def csi_node_info_from_json(value: rt.Json, lost: rt.Lost) -> CSINodeInfo:
    """Return the CSINodeInfo of a JSON object; what its types cannot hold is written to `lost`."""
    message: CSINodeInfo = rt.fill(CSINodeInfo, _CSI_NODE_INFO, value, lost)
    return message


_CSI_INFO: rt.Table = {
    "PluginID": ("plugin_id", str, rt.wrong("text")),
    "AllocID": ("alloc_id", str, rt.wrong("text")),
    "Healthy": ("healthy", bool, rt.wrong("true or false")),
    "HealthDescription": ("health_description", str, rt.wrong("text")),
    "UpdateTime": ("update_time", None, rt.take_time),
    "Provider": ("provider", str, rt.wrong("text")),
    "ProviderVersion": ("provider_version", str, rt.wrong("text")),
    "RequiresControllerPlugin": ("requires_controller_plugin", bool, rt.wrong("true or false")),
    "RequiresTopologies": ("requires_topologies", bool, rt.wrong("true or false")),
    "ControllerInfo": ("controller_info", None, csi_controller_info_from_json),
    "NodeInfo": ("node_info", None, csi_node_info_from_json),
}


def csi_info_from_json(value: rt.Json, lost: rt.Lost) -> CSIInfo:
    """Return the CSIInfo of a JSON object; what its types cannot hold is written to `lost`."""
    message: CSIInfo = rt.fill(CSIInfo, _CSI_INFO, value, lost)
    return message


_CLIENT_HOST_VOLUME_CONFIG: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "Path": ("path", str, rt.wrong("text")),
    "ReadOnly": ("read_only", bool, rt.wrong("true or false")),
    "ID": ("id", str, rt.wrong("text")),
}


def client_host_volume_config_from_json(value: rt.Json, lost: rt.Lost) -> ClientHostVolumeConfig:
    """Return the ClientHostVolumeConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: ClientHostVolumeConfig = rt.fill(ClientHostVolumeConfig, _CLIENT_HOST_VOLUME_CONFIG, value, lost)
    return message


_CLIENT_HOST_NETWORK_CONFIG: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "CIDR": ("cidr", str, rt.wrong("text")),
    "Interface": ("interface", str, rt.wrong("text")),
    "ReservedPorts": ("reserved_ports", str, rt.wrong("text")),
}


def client_host_network_config_from_json(value: rt.Json, lost: rt.Lost) -> ClientHostNetworkConfig:
    """Return the ClientHostNetworkConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: ClientHostNetworkConfig = rt.fill(ClientHostNetworkConfig, _CLIENT_HOST_NETWORK_CONFIG, value, lost)
    return message


_DRAIN_METADATA: rt.Table = {
    "StartedAt": ("started_at", None, rt.take_time),
    "UpdatedAt": ("updated_at", None, rt.take_time),
    "Status": ("status", str, rt.wrong("text")),
    "AccessorID": ("accessor_id", str, rt.wrong("text")),
    "Meta": ("meta", None, rt.map_of(str, "text")),
}


def drain_metadata_from_json(value: rt.Json, lost: rt.Lost) -> DrainMetadata:
    """Return the DrainMetadata of a JSON object; what its types cannot hold is written to `lost`."""
    message: DrainMetadata = rt.fill(DrainMetadata, _DRAIN_METADATA, value, lost)
    return message


_NODE: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Datacenter": ("datacenter", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "HTTPAddr": ("http_addr", str, rt.wrong("text")),
    "TLSEnabled": ("tls_enabled", bool, rt.wrong("true or false")),
    "Attributes": ("attributes", None, rt.map_of(str, "text")),
    "NodeResources": ("node_resources", None, node_resources_from_json),
    "ReservedResources": ("reserved_resources", None, node_reserved_resources_from_json),
    "Resources": ("resources", None, resources_from_json),
    "Reserved": ("reserved", None, resources_from_json),
    "Links": ("links", None, rt.map_of(str, "text")),
    "Meta": ("meta", None, rt.map_of(str, "text")),
    "NodeClass": ("node_class", str, rt.wrong("text")),
    "ComputedClass": ("computed_class", str, rt.wrong("text")),
    "Drain": ("drain", bool, rt.wrong("true or false")),
    "DrainStrategy": ("drain_strategy", None, drain_strategy_from_json),
    "SchedulingEligibility": ("scheduling_eligibility", str, rt.wrong("text")),
    "Status": ("status", str, rt.wrong("text")),
    "StatusDescription": ("status_description", str, rt.wrong("text")),
    "StatusUpdatedAt": ("status_updated_at", int, rt.wrong("an integer")),
    "Events": ("events", None, rt.list_of_messages(node_event_from_json)),
    "Drivers": ("drivers", None, rt.map_of_messages(driver_info_from_json)),
    "CSIControllerPlugins": ("csi_controller_plugins", None, rt.map_of_messages(csi_info_from_json)),
    "CSINodePlugins": ("csi_node_plugins", None, rt.map_of_messages(csi_info_from_json)),
    "HostVolumes": ("host_volumes", None, rt.map_of_messages(client_host_volume_config_from_json)),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "SecretID": ("secret_id", str, rt.wrong("text")),
    "NodePool": ("node_pool", str, rt.wrong("text")),
    "CgroupParent": ("cgroup_parent", str, rt.wrong("text")),
    "HostNetworks": ("host_networks", None, rt.map_of_messages(client_host_network_config_from_json)),
    "LastDrain": ("last_drain", None, drain_metadata_from_json),
    "LastMissedHeartbeatIndex": ("last_missed_heartbeat_index", int, rt.wrong("an integer")),
    "LastAllocUpdateIndex": ("last_alloc_update_index", int, rt.wrong("an integer")),
    "GCVolumesOnNodeGC": ("gc_volumes_on_node_gc", bool, rt.wrong("true or false")),
    "NodeMaxAllocs": ("node_max_allocs", int, rt.wrong("an integer")),
    "IdentitySigningKeyID": ("identity_signing_key_id", str, rt.wrong("text")),
}


def node_from_json(value: rt.Json, lost: rt.Lost) -> Node:
    """Return the Node of a JSON object; what its types cannot hold is written to `lost`."""
    message: Node = rt.fill(Node, _NODE, value, lost)
    return message


_JOB_CONSTRAINT: rt.Table = {
    "LTarget": ("l_target", str, rt.wrong("text")),
    "RTarget": ("r_target", str, rt.wrong("text")),
    "Operand": ("operand", str, rt.wrong("text")),
}


def job_constraint_from_json(value: rt.Json, lost: rt.Lost) -> JobConstraint:
    """Return the JobConstraint of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobConstraint = rt.fill(JobConstraint, _JOB_CONSTRAINT, value, lost)
    return message


_JOB_AFFINITY: rt.Table = {
    "LTarget": ("l_target", str, rt.wrong("text")),
    "RTarget": ("r_target", str, rt.wrong("text")),
    "Operand": ("operand", str, rt.wrong("text")),
    "Weight": ("weight", int, rt.wrong("an integer")),
}


def job_affinity_from_json(value: rt.Json, lost: rt.Lost) -> JobAffinity:
    """Return the JobAffinity of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobAffinity = rt.fill(JobAffinity, _JOB_AFFINITY, value, lost)
    return message


_JOB_SPREAD_TARGET: rt.Table = {
    "Value": ("value", str, rt.wrong("text")),
    "Percent": ("percent", int, rt.wrong("an integer")),
}


def job_spread_target_from_json(value: rt.Json, lost: rt.Lost) -> JobSpreadTarget:
    """Return the JobSpreadTarget of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobSpreadTarget = rt.fill(JobSpreadTarget, _JOB_SPREAD_TARGET, value, lost)
    return message


_JOB_SPREAD: rt.Table = {
    "Attribute": ("attribute", str, rt.wrong("text")),
    "Weight": ("weight", int, rt.wrong("an integer")),
    "SpreadTarget": ("spread_target", None, rt.list_of_messages(job_spread_target_from_json)),
}


def job_spread_from_json(value: rt.Json, lost: rt.Lost) -> JobSpread:
    """Return the JobSpread of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobSpread = rt.fill(JobSpread, _JOB_SPREAD, value, lost)
    return message


_UPDATE_STRATEGY: rt.Table = {
    "Stagger": ("stagger", None, rt.take_duration),
    "MaxParallel": ("max_parallel", int, rt.wrong("an integer")),
    "HealthCheck": ("health_check", str, rt.wrong("text")),
    "MinHealthyTime": ("min_healthy_time", None, rt.take_duration),
    "HealthyDeadline": ("healthy_deadline", None, rt.take_duration),
    "ProgressDeadline": ("progress_deadline", None, rt.take_duration),
    "AutoRevert": ("auto_revert", bool, rt.wrong("true or false")),
    "AutoPromote": ("auto_promote", bool, rt.wrong("true or false")),
    "Canary": ("canary", int, rt.wrong("an integer")),
}


def update_strategy_from_json(value: rt.Json, lost: rt.Lost) -> UpdateStrategy:
    """Return the UpdateStrategy of a JSON object; what its types cannot hold is written to `lost`."""
    message: UpdateStrategy = rt.fill(UpdateStrategy, _UPDATE_STRATEGY, value, lost)
    return message


_TASK_GROUP: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "Count": ("count", int, rt.wrong("an integer")),
    "Update": ("update", None, update_strategy_from_json),
    "Migrate": ("migrate_json", None, rt.take_raw),
    "Constraints": ("constraints", None, rt.list_of_messages(job_constraint_from_json)),
    "Scaling": ("scaling_json", None, rt.take_raw),
    "RestartPolicy": ("restart_policy_json", None, rt.take_raw),
    "Disconnect": ("disconnect_json", None, rt.take_raw),
    "Tasks": ("tasks_json", None, rt.take_raw),
    "EphemeralDisk": ("ephemeral_disk_json", None, rt.take_raw),
    "Meta": ("meta", None, rt.map_of(str, "text")),
    "ReschedulePolicy": ("reschedule_policy_json", None, rt.take_raw),
    "Affinities": ("affinities", None, rt.list_of_messages(job_affinity_from_json)),
    "Spreads": ("spreads", None, rt.list_of_messages(job_spread_from_json)),
    "Networks": ("networks", None, rt.list_of_messages(network_resource_from_json)),
    "Consul": ("consul_json", None, rt.take_raw),
    "Services": ("services_json", None, rt.take_raw),
    "Volumes": ("volumes_json", None, rt.take_raw),
    "ShutdownDelay": ("shutdown_delay", None, rt.take_duration),
    "MaxRunDuration": ("max_run_duration", None, rt.take_duration),
    "StopAfterClientDisconnect": ("stop_after_client_disconnect", None, rt.take_duration),
    "MaxClientDisconnect": ("max_client_disconnect", None, rt.take_duration),
    "PreventRescheduleOnLost": ("prevent_reschedule_on_lost", bool, rt.wrong("true or false")),
}


def task_group_from_json(value: rt.Json, lost: rt.Lost) -> TaskGroup:
    """Return the TaskGroup of a JSON object; what its types cannot hold is written to `lost`."""
    message: TaskGroup = rt.fill(TaskGroup, _TASK_GROUP, value, lost)
    return message


_JOB_MULTIREGION_STRATEGY: rt.Table = {
    "MaxParallel": ("max_parallel", int, rt.wrong("an integer")),
    "OnFailure": ("on_failure", str, rt.wrong("text")),
}


def job_multiregion_strategy_from_json(value: rt.Json, lost: rt.Lost) -> JobMultiregionStrategy:
    """Return the JobMultiregionStrategy of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobMultiregionStrategy = rt.fill(JobMultiregionStrategy, _JOB_MULTIREGION_STRATEGY, value, lost)
    return message


_JOB_MULTIREGION: rt.Table = {
    "Strategy": ("strategy", None, job_multiregion_strategy_from_json),
    "Regions": ("regions_json", None, rt.take_raw),
}


def job_multiregion_from_json(value: rt.Json, lost: rt.Lost) -> JobMultiregion:
    """Return the JobMultiregion of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobMultiregion = rt.fill(JobMultiregion, _JOB_MULTIREGION, value, lost)
    return message


_PERIODIC_CONFIG: rt.Table = {
    "Enabled": ("enabled", bool, rt.wrong("true or false")),
    "Spec": ("spec", str, rt.wrong("text")),
    "Specs": ("specs", None, rt.list_of(str, "text")),
    "SpecType": ("spec_type", str, rt.wrong("text")),
    "ProhibitOverlap": ("prohibit_overlap", bool, rt.wrong("true or false")),
    "TimeZone": ("time_zone", str, rt.wrong("text")),
}


def periodic_config_from_json(value: rt.Json, lost: rt.Lost) -> PeriodicConfig:
    """Return the PeriodicConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: PeriodicConfig = rt.fill(PeriodicConfig, _PERIODIC_CONFIG, value, lost)
    return message


_PARAMETERIZED_JOB_CONFIG: rt.Table = {
    "Payload": ("payload", str, rt.wrong("text")),
    "MetaRequired": ("meta_required", None, rt.list_of(str, "text")),
    "MetaOptional": ("meta_optional", None, rt.list_of(str, "text")),
}


def parameterized_job_config_from_json(value: rt.Json, lost: rt.Lost) -> ParameterizedJobConfig:
    """Return the ParameterizedJobConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: ParameterizedJobConfig = rt.fill(ParameterizedJobConfig, _PARAMETERIZED_JOB_CONFIG, value, lost)
    return message


_JOB_UI_LINK: rt.Table = {
    "Label": ("label", str, rt.wrong("text")),
    "Url": ("url", str, rt.wrong("text")),
}


def job_ui_link_from_json(value: rt.Json, lost: rt.Lost) -> JobUILink:
    """Return the JobUILink of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobUILink = rt.fill(JobUILink, _JOB_UI_LINK, value, lost)
    return message


_JOB_UI_CONFIG: rt.Table = {
    "Description": ("description", str, rt.wrong("text")),
    "Links": ("links", None, rt.list_of_messages(job_ui_link_from_json)),
}


def job_ui_config_from_json(value: rt.Json, lost: rt.Lost) -> JobUIConfig:
    """Return the JobUIConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobUIConfig = rt.fill(JobUIConfig, _JOB_UI_CONFIG, value, lost)
    return message


_JOB_VERSION_TAG: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "Description": ("description", str, rt.wrong("text")),
    "TaggedTime": ("tagged_time", int, rt.wrong("an integer")),
}


def job_version_tag_from_json(value: rt.Json, lost: rt.Lost) -> JobVersionTag:
    """Return the JobVersionTag of a JSON object; what its types cannot hold is written to `lost`."""
    message: JobVersionTag = rt.fill(JobVersionTag, _JOB_VERSION_TAG, value, lost)
    return message


_JOB: rt.Table = {
    "Stop": ("stop", bool, rt.wrong("true or false")),
    "Region": ("region", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "ID": ("id", str, rt.wrong("text")),
    "ParentID": ("parent_id", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "Type": ("type", str, rt.wrong("text")),
    "Priority": ("priority", int, rt.wrong("an integer")),
    "AllAtOnce": ("all_at_once", bool, rt.wrong("true or false")),
    "Datacenters": ("datacenters", None, rt.list_of(str, "text")),
    "NodePool": ("node_pool", str, rt.wrong("text")),
    "Constraints": ("constraints", None, rt.list_of_messages(job_constraint_from_json)),
    "Affinities": ("affinities", None, rt.list_of_messages(job_affinity_from_json)),
    "Spreads": ("spreads", None, rt.list_of_messages(job_spread_from_json)),
    "TaskGroups": ("task_groups", None, rt.list_of_messages(task_group_from_json)),
    "Update": ("update", None, update_strategy_from_json),
    "Multiregion": ("multiregion", None, job_multiregion_from_json),
    "Periodic": ("periodic", None, periodic_config_from_json),
    "ParameterizedJob": ("parameterized_job", None, parameterized_job_config_from_json),
    "Dispatched": ("dispatched", bool, rt.wrong("true or false")),
    "DispatchIdempotencyToken": ("dispatch_idempotency_token", str, rt.wrong("text")),
    "Payload": ("payload", None, rt.take_bytes),
    "Meta": ("meta", None, rt.map_of(str, "text")),
    "ConsulToken": ("consul_token", str, rt.wrong("text")),
    "ConsulNamespace": ("consul_namespace", str, rt.wrong("text")),
    "VaultToken": ("vault_token", str, rt.wrong("text")),
    "VaultNamespace": ("vault_namespace", str, rt.wrong("text")),
    "NomadTokenID": ("nomad_token_id", str, rt.wrong("text")),
    "Status": ("status", str, rt.wrong("text")),
    "StatusDescription": ("status_description", str, rt.wrong("text")),
    "Stable": ("stable", bool, rt.wrong("true or false")),
    "Version": ("version", int, rt.wrong("an integer")),
    "SubmitTime": ("submit_time", int, rt.wrong("an integer")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "JobModifyIndex": ("job_modify_index", int, rt.wrong("an integer")),
    "UI": ("ui", None, job_ui_config_from_json),
    "VersionTag": ("version_tag", None, job_version_tag_from_json),
}


def job_from_json(value: rt.Json, lost: rt.Lost) -> Job:
    """Return the Job of a JSON object; what its types cannot hold is written to `lost`."""
    message: Job = rt.fill(Job, _JOB, value, lost)
    return message


_ALLOCATED_CPU_RESOURCES: rt.Table = {
    "CpuShares": ("cpu_shares", int, rt.wrong("an integer")),
    "ReservedCores": ("reserved_cores", None, rt.list_of(int, "an integer")),
}


def allocated_cpu_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedCpuResources:
    """Return the AllocatedCpuResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocatedCpuResources = rt.fill(AllocatedCpuResources, _ALLOCATED_CPU_RESOURCES, value, lost)
    return message


_ALLOCATED_MEMORY_RESOURCES: rt.Table = {
    "MemoryMB": ("memory_mb", int, rt.wrong("an integer")),
    "MemoryMaxMB": ("memory_max_mb", int, rt.wrong("an integer")),
}


def allocated_memory_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedMemoryResources:
    """Return the AllocatedMemoryResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocatedMemoryResources = rt.fill(AllocatedMemoryResources, _ALLOCATED_MEMORY_RESOURCES, value, lost)
    return message


_ALLOCATED_TASK_RESOURCES: rt.Table = {
    "Cpu": ("cpu", None, allocated_cpu_resources_from_json),
    "Memory": ("memory", None, allocated_memory_resources_from_json),
    "Networks": ("networks", None, rt.list_of_messages(network_resource_from_json)),
    "Devices": ("devices_json", None, rt.take_raw),
}


def allocated_task_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedTaskResources:
    """Return the AllocatedTaskResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocatedTaskResources = rt.fill(AllocatedTaskResources, _ALLOCATED_TASK_RESOURCES, value, lost)
    return message


_TASK_LIFECYCLE: rt.Table = {
    "Hook": ("hook", str, rt.wrong("text")),
    "Sidecar": ("sidecar", bool, rt.wrong("true or false")),
}


def task_lifecycle_from_json(value: rt.Json, lost: rt.Lost) -> TaskLifecycle:
    """Return the TaskLifecycle of a JSON object; what its types cannot hold is written to `lost`."""
    message: TaskLifecycle = rt.fill(TaskLifecycle, _TASK_LIFECYCLE, value, lost)
    return message


_ALLOCATED_PORT_MAPPING: rt.Table = {
    "Label": ("label", str, rt.wrong("text")),
    "Value": ("value", int, rt.wrong("an integer")),
    "To": ("to", int, rt.wrong("an integer")),
    "HostIP": ("host_ip", str, rt.wrong("text")),
    "IgnoreCollision": ("ignore_collision", bool, rt.wrong("true or false")),
}


def allocated_port_mapping_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedPortMapping:
    """Return the AllocatedPortMapping of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocatedPortMapping = rt.fill(AllocatedPortMapping, _ALLOCATED_PORT_MAPPING, value, lost)
    return message


_ALLOCATED_SHARED_RESOURCES: rt.Table = {
    "Networks": ("networks", None, rt.list_of_messages(network_resource_from_json)),
    "DiskMB": ("disk_mb", int, rt.wrong("an integer")),
    "Ports": ("ports", None, rt.list_of_messages(allocated_port_mapping_from_json)),
}


def allocated_shared_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedSharedResources:
    """Return the AllocatedSharedResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocatedSharedResources = rt.fill(AllocatedSharedResources, _ALLOCATED_SHARED_RESOURCES, value, lost)
    return message


_ALLOCATED_RESOURCES: rt.Table = {
    "Tasks": ("tasks", None, rt.map_of_messages(allocated_task_resources_from_json)),
    "TaskLifecycles": ("task_lifecycles", None, rt.map_of_messages(task_lifecycle_from_json)),
    "Shared": ("shared", None, allocated_shared_resources_from_json),
}


def allocated_resources_from_json(value: rt.Json, lost: rt.Lost) -> AllocatedResources:
    """Return the AllocatedResources of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocatedResources = rt.fill(AllocatedResources, _ALLOCATED_RESOURCES, value, lost)
    return message


_NODE_SCORE_META: rt.Table = {
    "NodeID": ("node_id", str, rt.wrong("text")),
    "Scores": ("scores", None, rt.map_to_floats),
    "NormScore": ("norm_score", float, rt.take_float),
}


def node_score_meta_from_json(value: rt.Json, lost: rt.Lost) -> NodeScoreMeta:
    """Return the NodeScoreMeta of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodeScoreMeta = rt.fill(NodeScoreMeta, _NODE_SCORE_META, value, lost)
    return message


_ALLOC_METRIC: rt.Table = {
    "NodesEvaluated": ("nodes_evaluated", int, rt.wrong("an integer")),
    "NodesFiltered": ("nodes_filtered", int, rt.wrong("an integer")),
    "NodesInPool": ("nodes_in_pool", int, rt.wrong("an integer")),
    "NodePool": ("node_pool", str, rt.wrong("text")),
    "NodesAvailable": ("nodes_available", None, rt.map_of(int, "an integer")),
    "ClassFiltered": ("class_filtered", None, rt.map_of(int, "an integer")),
    "ConstraintFiltered": ("constraint_filtered", None, rt.map_of(int, "an integer")),
    "NodesExhausted": ("nodes_exhausted", int, rt.wrong("an integer")),
    "ClassExhausted": ("class_exhausted", None, rt.map_of(int, "an integer")),
    "DimensionExhausted": ("dimension_exhausted", None, rt.map_of(int, "an integer")),
    "QuotaExhausted": ("quota_exhausted", None, rt.list_of(str, "text")),
    "ResourcesExhausted": ("resources_exhausted", None, rt.map_of_messages(resources_from_json)),
    "Scores": ("scores", None, rt.map_to_floats),
    "ScoreMetaData": ("score_meta_data", None, rt.list_of_messages(node_score_meta_from_json)),
    "AllocationTime": ("allocation_time", None, rt.take_duration),
    "CoalescedFailures": ("coalesced_failures", int, rt.wrong("an integer")),
}


def alloc_metric_from_json(value: rt.Json, lost: rt.Lost) -> AllocMetric:
    """Return the AllocMetric of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocMetric = rt.fill(AllocMetric, _ALLOC_METRIC, value, lost)
    return message


_DESIRED_TRANSITION: rt.Table = {
    "Migrate": ("migrate", bool, rt.wrong("true or false")),
    "Reschedule": ("reschedule", bool, rt.wrong("true or false")),
    "ForceReschedule": ("force_reschedule", bool, rt.wrong("true or false")),
    "NoShutdownDelay": ("no_shutdown_delay", bool, rt.wrong("true or false")),
    "MigrateDisablePlacement": ("migrate_disable_placement", bool, rt.wrong("true or false")),
}


def desired_transition_from_json(value: rt.Json, lost: rt.Lost) -> DesiredTransition:
    """Return the DesiredTransition of a JSON object; what its types cannot hold is written to `lost`."""
    message: DesiredTransition = rt.fill(DesiredTransition, _DESIRED_TRANSITION, value, lost)
    return message


_TASK_EVENT: rt.Table = {
    "Type": ("type", str, rt.wrong("text")),
    "Time": ("time", int, rt.wrong("an integer")),
    "Message": ("message", str, rt.wrong("text")),
    "DisplayMessage": ("display_message", str, rt.wrong("text")),
    "Details": ("details", None, rt.map_of(str, "text")),
    "FailsTask": ("fails_task", bool, rt.wrong("true or false")),
    "RestartReason": ("restart_reason", str, rt.wrong("text")),
    "SetupError": ("setup_error", str, rt.wrong("text")),
    "DriverError": ("driver_error", str, rt.wrong("text")),
    "ExitCode": ("exit_code", int, rt.wrong("an integer")),
    "Signal": ("signal", int, rt.wrong("an integer")),
    "KillTimeout": ("kill_timeout", None, rt.take_duration),
    "KillError": ("kill_error", str, rt.wrong("text")),
    "KillReason": ("kill_reason", str, rt.wrong("text")),
    "StartDelay": ("start_delay", int, rt.wrong("an integer")),
    "DownloadError": ("download_error", str, rt.wrong("text")),
    "ValidationError": ("validation_error", str, rt.wrong("text")),
    "DiskLimit": ("disk_limit", int, rt.wrong("an integer")),
    "FailedSibling": ("failed_sibling", str, rt.wrong("text")),
    "VaultError": ("vault_error", str, rt.wrong("text")),
    "TaskSignalReason": ("task_signal_reason", str, rt.wrong("text")),
    "TaskSignal": ("task_signal", str, rt.wrong("text")),
    "DriverMessage": ("driver_message", str, rt.wrong("text")),
    "GenericSource": ("generic_source", str, rt.wrong("text")),
}


def task_event_from_json(value: rt.Json, lost: rt.Lost) -> TaskEvent:
    """Return the TaskEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: TaskEvent = rt.fill(TaskEvent, _TASK_EVENT, value, lost)
    return message


_TASK_STATE: rt.Table = {
    "State": ("state", str, rt.wrong("text")),
    "Failed": ("failed", bool, rt.wrong("true or false")),
    "Restarts": ("restarts", int, rt.wrong("an integer")),
    "LastRestart": ("last_restart", None, rt.take_time),
    "StartedAt": ("started_at", None, rt.take_time),
    "FinishedAt": ("finished_at", None, rt.take_time),
    "Events": ("events", None, rt.list_of_messages(task_event_from_json)),
    "Paused": ("paused", str, rt.wrong("text")),
}


def task_state_from_json(value: rt.Json, lost: rt.Lost) -> TaskState:
    """Return the TaskState of a JSON object; what its types cannot hold is written to `lost`."""
    message: TaskState = rt.fill(TaskState, _TASK_STATE, value, lost)
    return message


_ALLOC_STATE: rt.Table = {
    "Field": ("field", int, rt.wrong("an integer")),
    "Value": ("value", str, rt.wrong("text")),
    "Time": ("time", None, rt.take_time),
}


def alloc_state_from_json(value: rt.Json, lost: rt.Lost) -> AllocState:
    """Return the AllocState of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocState = rt.fill(AllocState, _ALLOC_STATE, value, lost)
    return message


_ALLOC_DEPLOYMENT_STATUS: rt.Table = {
    "Healthy": ("healthy", bool, rt.wrong("true or false")),
    "Timestamp": ("timestamp", None, rt.take_time),
    "Canary": ("canary", bool, rt.wrong("true or false")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def alloc_deployment_status_from_json(value: rt.Json, lost: rt.Lost) -> AllocDeploymentStatus:
    """Return the AllocDeploymentStatus of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocDeploymentStatus = rt.fill(AllocDeploymentStatus, _ALLOC_DEPLOYMENT_STATUS, value, lost)
    return message


_RESCHEDULE_EVENT: rt.Table = {
    "RescheduleTime": ("reschedule_time", int, rt.wrong("an integer")),
    "PrevAllocID": ("prev_alloc_id", str, rt.wrong("text")),
    "PrevNodeID": ("prev_node_id", str, rt.wrong("text")),
    "Delay": ("delay", None, rt.take_duration),
}


def reschedule_event_from_json(value: rt.Json, lost: rt.Lost) -> RescheduleEvent:
    """Return the RescheduleEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: RescheduleEvent = rt.fill(RescheduleEvent, _RESCHEDULE_EVENT, value, lost)
    return message


_RESCHEDULE_TRACKER: rt.Table = {
    "Events": ("events", None, rt.list_of_messages(reschedule_event_from_json)),
    "LastReschedule": ("last_reschedule", str, rt.wrong("text")),
}


def reschedule_tracker_from_json(value: rt.Json, lost: rt.Lost) -> RescheduleTracker:
    """Return the RescheduleTracker of a JSON object; what its types cannot hold is written to `lost`."""
    message: RescheduleTracker = rt.fill(RescheduleTracker, _RESCHEDULE_TRACKER, value, lost)
    return message


_ALLOC_NETWORK_STATUS: rt.Table = {
    "InterfaceName": ("interface_name", str, rt.wrong("text")),
    "Address": ("address", str, rt.wrong("text")),
    "AddressIPv6": ("address_ipv6", str, rt.wrong("text")),
    "DNS": ("dns", None, dns_config_from_json),
}


def alloc_network_status_from_json(value: rt.Json, lost: rt.Lost) -> AllocNetworkStatus:
    """Return the AllocNetworkStatus of a JSON object; what its types cannot hold is written to `lost`."""
    message: AllocNetworkStatus = rt.fill(AllocNetworkStatus, _ALLOC_NETWORK_STATUS, value, lost)
    return message


_ALLOCATION: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "EvalID": ("eval_id", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "NodeID": ("node_id", str, rt.wrong("text")),
    "NodeName": ("node_name", str, rt.wrong("text")),
    "JobID": ("job_id", str, rt.wrong("text")),
    "TaskGroup": ("task_group", str, rt.wrong("text")),
    "Resources": ("resources", None, resources_from_json),
    "SharedResources": ("shared_resources", None, resources_from_json),
    "TaskResources": ("task_resources", None, rt.map_of_messages(resources_from_json)),
    "AllocatedResources": ("allocated_resources", None, allocated_resources_from_json),
    "Metrics": ("metrics", None, alloc_metric_from_json),
    "DesiredStatus": ("desired_status", str, rt.wrong("text")),
    "DesiredDescription": ("desired_description", str, rt.wrong("text")),
    "DesiredTransition": ("desired_transition", None, desired_transition_from_json),
    "ClientStatus": ("client_status", str, rt.wrong("text")),
    "ClientDescription": ("client_description", str, rt.wrong("text")),
    "TaskStates": ("task_states", None, rt.map_of_messages(task_state_from_json)),
    "AllocStates": ("alloc_states", None, rt.list_of_messages(alloc_state_from_json)),
    "PreviousAllocation": ("previous_allocation", str, rt.wrong("text")),
    "NextAllocation": ("next_allocation", str, rt.wrong("text")),
    "DeploymentID": ("deployment_id", str, rt.wrong("text")),
    "DeploymentStatus": ("deployment_status", None, alloc_deployment_status_from_json),
    "RescheduleTracker": ("reschedule_tracker", None, reschedule_tracker_from_json),
    "NetworkStatus": ("network_status", None, alloc_network_status_from_json),
    "FollowupEvalID": ("followup_eval_id", str, rt.wrong("text")),
    "PreemptedAllocations": ("preempted_allocations", None, rt.list_of(str, "text")),
    "PreemptedByAllocation": ("preempted_by_allocation", str, rt.wrong("text")),
    "SignedIdentities": ("signed_identities", None, rt.map_of(str, "text")),
    "SigningKeyID": ("signing_key_id", str, rt.wrong("text")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "AllocModifyIndex": ("alloc_modify_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
}


def allocation_from_json(value: rt.Json, lost: rt.Lost) -> Allocation:
    """Return the Allocation of a JSON object; what its types cannot hold is written to `lost`."""
    message: Allocation = rt.fill(Allocation, _ALLOCATION, value, lost)
    return message


_EVALUATION_STUB: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "Priority": ("priority", int, rt.wrong("an integer")),
    "Type": ("type", str, rt.wrong("text")),
    "TriggeredBy": ("triggered_by", str, rt.wrong("text")),
    "JobID": ("job_id", str, rt.wrong("text")),
    "NodeID": ("node_id", str, rt.wrong("text")),
    "DeploymentID": ("deployment_id", str, rt.wrong("text")),
    "Status": ("status", str, rt.wrong("text")),
    "StatusDescription": ("status_description", str, rt.wrong("text")),
    "WaitUntil": ("wait_until", None, rt.take_time),
    "NextEval": ("next_eval", str, rt.wrong("text")),
    "PreviousEval": ("previous_eval", str, rt.wrong("text")),
    "BlockedEval": ("blocked_eval", str, rt.wrong("text")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
}


def evaluation_stub_from_json(value: rt.Json, lost: rt.Lost) -> EvaluationStub:
    """Return the EvaluationStub of a JSON object; what its types cannot hold is written to `lost`."""
    message: EvaluationStub = rt.fill(EvaluationStub, _EVALUATION_STUB, value, lost)
    return message


_EVALUATION: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "Priority": ("priority", int, rt.wrong("an integer")),
    "Type": ("type", str, rt.wrong("text")),
    "TriggeredBy": ("triggered_by", str, rt.wrong("text")),
    "JobID": ("job_id", str, rt.wrong("text")),
    "JobModifyIndex": ("job_modify_index", int, rt.wrong("an integer")),
    "NodeID": ("node_id", str, rt.wrong("text")),
    "NodeModifyIndex": ("node_modify_index", int, rt.wrong("an integer")),
    "DeploymentID": ("deployment_id", str, rt.wrong("text")),
    "Status": ("status", str, rt.wrong("text")),
    "StatusDescription": ("status_description", str, rt.wrong("text")),
    "Wait": ("wait", None, rt.take_duration),
    "WaitUntil": ("wait_until", None, rt.take_time),
    "NextEval": ("next_eval", str, rt.wrong("text")),
    "PreviousEval": ("previous_eval", str, rt.wrong("text")),
    "BlockedEval": ("blocked_eval", str, rt.wrong("text")),
    "RelatedEvals": ("related_evals", None, rt.list_of_messages(evaluation_stub_from_json)),
    "FailedTGAllocs": ("failed_tg_allocs", None, rt.map_of_messages(alloc_metric_from_json)),
    "PlanAnnotations": ("plan_annotations_json", None, rt.take_raw),
    "ClassEligibility": ("class_eligibility", None, rt.map_of(bool, "true or false")),
    "QuotaLimitReached": ("quota_limit_reached", str, rt.wrong("text")),
    "MissingNonNodeResources": ("missing_non_node_resources", None, rt.list_of(str, "text")),
    "EscapedComputedClass": ("escaped_computed_class", bool, rt.wrong("true or false")),
    "AnnotatePlan": ("annotate_plan", bool, rt.wrong("true or false")),
    "QueuedAllocations": ("queued_allocations", None, rt.map_of(int, "an integer")),
    "LeaderACL": ("leader_acl", str, rt.wrong("text")),
    "SnapshotIndex": ("snapshot_index", int, rt.wrong("an integer")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
}


def evaluation_from_json(value: rt.Json, lost: rt.Lost) -> Evaluation:
    """Return the Evaluation of a JSON object; what its types cannot hold is written to `lost`."""
    message: Evaluation = rt.fill(Evaluation, _EVALUATION, value, lost)
    return message


_DEPLOYMENT_STATE: rt.Table = {
    "AutoRevert": ("auto_revert", bool, rt.wrong("true or false")),
    "AutoPromote": ("auto_promote", bool, rt.wrong("true or false")),
    "ProgressDeadline": ("progress_deadline", None, rt.take_duration),
    "RequireProgressBy": ("require_progress_by", None, rt.take_time),
    "Promoted": ("promoted", bool, rt.wrong("true or false")),
    "PlacedCanaries": ("placed_canaries", None, rt.list_of(str, "text")),
    "DesiredCanaries": ("desired_canaries", int, rt.wrong("an integer")),
    "DesiredTotal": ("desired_total", int, rt.wrong("an integer")),
    "PlacedAllocs": ("placed_allocs", int, rt.wrong("an integer")),
    "HealthyAllocs": ("healthy_allocs", int, rt.wrong("an integer")),
    "UnhealthyAllocs": ("unhealthy_allocs", int, rt.wrong("an integer")),
}


def deployment_state_from_json(value: rt.Json, lost: rt.Lost) -> DeploymentState:
    """Return the DeploymentState of a JSON object; what its types cannot hold is written to `lost`."""
    message: DeploymentState = rt.fill(DeploymentState, _DEPLOYMENT_STATE, value, lost)
    return message


_DEPLOYMENT: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "JobID": ("job_id", str, rt.wrong("text")),
    "JobVersion": ("job_version", int, rt.wrong("an integer")),
    "JobModifyIndex": ("job_modify_index", int, rt.wrong("an integer")),
    "JobSpecModifyIndex": ("job_spec_modify_index", int, rt.wrong("an integer")),
    "JobCreateIndex": ("job_create_index", int, rt.wrong("an integer")),
    "IsMultiregion": ("is_multiregion", bool, rt.wrong("true or false")),
    "TaskGroups": ("task_groups", None, rt.map_of_messages(deployment_state_from_json)),
    "Status": ("status", str, rt.wrong("text")),
    "StatusDescription": ("status_description", str, rt.wrong("text")),
    "EvalPriority": ("eval_priority", int, rt.wrong("an integer")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
}


def deployment_from_json(value: rt.Json, lost: rt.Lost) -> Deployment:
    """Return the Deployment of a JSON object; what its types cannot hold is written to `lost`."""
    message: Deployment = rt.fill(Deployment, _DEPLOYMENT, value, lost)
    return message


_NODE_POOL_SCHEDULER_CONFIGURATION: rt.Table = {
    "SchedulerAlgorithm": ("scheduler_algorithm", str, rt.wrong("text")),
    "MemoryOversubscriptionEnabled": ("memory_oversubscription_enabled", bool, rt.wrong("true or false")),
}


def node_pool_scheduler_configuration_from_json(value: rt.Json, lost: rt.Lost) -> NodePoolSchedulerConfiguration:
    """Return the NodePoolSchedulerConfiguration of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodePoolSchedulerConfiguration = rt.fill(NodePoolSchedulerConfiguration, _NODE_POOL_SCHEDULER_CONFIGURATION, value, lost)
    return message


_NODE_POOL: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "Description": ("description", str, rt.wrong("text")),
    "Meta": ("meta", None, rt.map_of(str, "text")),
    "SchedulerConfiguration": ("scheduler_configuration", None, node_pool_scheduler_configuration_from_json),
    "NodeIdentityTTL": ("node_identity_ttl", None, rt.take_duration),
    "Hash": ("hash", None, rt.take_bytes),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def node_pool_from_json(value: rt.Json, lost: rt.Lost) -> NodePool:
    """Return the NodePool of a JSON object; what its types cannot hold is written to `lost`."""
    message: NodePool = rt.fill(NodePool, _NODE_POOL, value, lost)
    return message


_SERVICE_REGISTRATION: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "ServiceName": ("service_name", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "NodeID": ("node_id", str, rt.wrong("text")),
    "Datacenter": ("datacenter", str, rt.wrong("text")),
    "JobID": ("job_id", str, rt.wrong("text")),
    "AllocID": ("alloc_id", str, rt.wrong("text")),
    "Tags": ("tags", None, rt.list_of(str, "text")),
    "Address": ("address", str, rt.wrong("text")),
    "Port": ("port", int, rt.wrong("an integer")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def service_registration_from_json(value: rt.Json, lost: rt.Lost) -> ServiceRegistration:
    """Return the ServiceRegistration of a JSON object; what its types cannot hold is written to `lost`."""
    message: ServiceRegistration = rt.fill(ServiceRegistration, _SERVICE_REGISTRATION, value, lost)
    return message


_ACL_TOKEN_ROLE_LINK: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
}


def acl_token_role_link_from_json(value: rt.Json, lost: rt.Lost) -> ACLTokenRoleLink:
    """Return the ACLTokenRoleLink of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLTokenRoleLink = rt.fill(ACLTokenRoleLink, _ACL_TOKEN_ROLE_LINK, value, lost)
    return message


_ACL_TOKEN: rt.Table = {
    "AccessorID": ("accessor_id", str, rt.wrong("text")),
    "SecretID": ("secret_id", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "Type": ("type", str, rt.wrong("text")),
    "Policies": ("policies", None, rt.list_of(str, "text")),
    "Roles": ("roles", None, rt.list_of_messages(acl_token_role_link_from_json)),
    "Global": ("is_global", bool, rt.wrong("true or false")),
    "Hash": ("hash", None, rt.take_bytes),
    "CreateTime": ("create_time", None, rt.take_time),
    "ExpirationTime": ("expiration_time", None, rt.take_time),
    "ExpirationTTL": ("expiration_ttl", None, rt.take_duration),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def acl_token_from_json(value: rt.Json, lost: rt.Lost) -> ACLToken:
    """Return the ACLToken of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLToken = rt.fill(ACLToken, _ACL_TOKEN, value, lost)
    return message


_ACL_POLICY_JOB: rt.Table = {
    "Namespace": ("namespace", str, rt.wrong("text")),
    "JobID": ("job_id", str, rt.wrong("text")),
    "Group": ("group", str, rt.wrong("text")),
    "Task": ("task", str, rt.wrong("text")),
}


def acl_policy_job_from_json(value: rt.Json, lost: rt.Lost) -> ACLPolicyJob:
    """Return the ACLPolicyJob of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLPolicyJob = rt.fill(ACLPolicyJob, _ACL_POLICY_JOB, value, lost)
    return message


_ACL_POLICY: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "Description": ("description", str, rt.wrong("text")),
    "Rules": ("rules", str, rt.wrong("text")),
    "RulesJSON": ("rules_json", None, rt.take_raw),
    "JobACL": ("job_acl", None, acl_policy_job_from_json),
    "Hash": ("hash", None, rt.take_bytes),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def acl_policy_from_json(value: rt.Json, lost: rt.Lost) -> ACLPolicy:
    """Return the ACLPolicy of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLPolicy = rt.fill(ACLPolicy, _ACL_POLICY, value, lost)
    return message


_ACL_ROLE_POLICY_LINK: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
}


def acl_role_policy_link_from_json(value: rt.Json, lost: rt.Lost) -> ACLRolePolicyLink:
    """Return the ACLRolePolicyLink of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLRolePolicyLink = rt.fill(ACLRolePolicyLink, _ACL_ROLE_POLICY_LINK, value, lost)
    return message


_ACL_ROLE: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "Description": ("description", str, rt.wrong("text")),
    "Policies": ("policies", None, rt.list_of_messages(acl_role_policy_link_from_json)),
    "Hash": ("hash", None, rt.take_bytes),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def acl_role_from_json(value: rt.Json, lost: rt.Lost) -> ACLRole:
    """Return the ACLRole of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLRole = rt.fill(ACLRole, _ACL_ROLE, value, lost)
    return message


_AUTH_METHOD_PRIVATE_KEY: rt.Table = {
    "PemKey": ("pem_key", str, rt.wrong("text")),
    "PemKeyFile": ("pem_key_file", str, rt.wrong("text")),
    "PemCert": ("pem_cert", str, rt.wrong("text")),
    "PemCertFile": ("pem_cert_file", str, rt.wrong("text")),
    "KeyIDHeader": ("key_id_header", str, rt.wrong("text")),
    "KeyID": ("key_id", str, rt.wrong("text")),
}


def auth_method_private_key_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethodPrivateKey:
    """Return the AuthMethodPrivateKey of a JSON object; what its types cannot hold is written to `lost`."""
    message: AuthMethodPrivateKey = rt.fill(AuthMethodPrivateKey, _AUTH_METHOD_PRIVATE_KEY, value, lost)
    return message


_AUTH_METHOD_CLIENT_ASSERTION: rt.Table = {
    "Audience": ("audience", None, rt.list_of(str, "text")),
    "PrivateKey": ("private_key", None, auth_method_private_key_from_json),
    "ExtraHeaders": ("extra_headers", None, rt.map_of(str, "text")),
    "KeySource": ("key_source", str, rt.wrong("text")),
    "KeyAlgorithm": ("key_algorithm", str, rt.wrong("text")),
}


def auth_method_client_assertion_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethodClientAssertion:
    """Return the AuthMethodClientAssertion of a JSON object; what its types cannot hold is written to `lost`."""
    message: AuthMethodClientAssertion = rt.fill(AuthMethodClientAssertion, _AUTH_METHOD_CLIENT_ASSERTION, value, lost)
    return message


_AUTH_METHOD_CONFIG: rt.Table = {
    "JWTValidationPubKeys": ("jwt_validation_pub_keys", None, rt.list_of(str, "text")),
    "JWKSURL": ("jwks_url", str, rt.wrong("text")),
    "JWKSCACert": ("jwks_ca_cert", str, rt.wrong("text")),
    "OIDCDiscoveryURL": ("oidc_discovery_url", str, rt.wrong("text")),
    "OIDCClientID": ("oidc_client_id", str, rt.wrong("text")),
    "OIDCClientSecret": ("oidc_client_secret", str, rt.wrong("text")),
    "OIDCClientAssertion": ("oidc_client_assertion", None, auth_method_client_assertion_from_json),
    "OIDCEnablePKCE": ("oidc_enable_pkce", bool, rt.wrong("true or false")),
    "OIDCDisableUserInfo": ("oidc_disable_user_info", bool, rt.wrong("true or false")),
    "OIDCScopes": ("oidc_scopes", None, rt.list_of(str, "text")),
    "BoundAudiences": ("bound_audiences", None, rt.list_of(str, "text")),
    "BoundIssuer": ("bound_issuer", None, rt.list_of(str, "text")),
    "AllowedRedirectURIs": ("allowed_redirect_uris", None, rt.list_of(str, "text")),
    "DiscoveryCaPem": ("discovery_ca_pem", None, rt.list_of(str, "text")),
    "SigningAlgs": ("signing_algs", None, rt.list_of(str, "text")),
    "ExpirationLeeway": ("expiration_leeway", None, rt.take_duration),
    "NotBeforeLeeway": ("not_before_leeway", None, rt.take_duration),
    "ClockSkewLeeway": ("clock_skew_leeway", None, rt.take_duration),
    "ClaimMappings": ("claim_mappings", None, rt.map_of(str, "text")),
    "ListClaimMappings": ("list_claim_mappings", None, rt.map_of(str, "text")),
    "VerboseLogging": ("verbose_logging", bool, rt.wrong("true or false")),
}


def auth_method_config_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethodConfig:
    """Return the AuthMethodConfig of a JSON object; what its types cannot hold is written to `lost`."""
    message: AuthMethodConfig = rt.fill(AuthMethodConfig, _AUTH_METHOD_CONFIG, value, lost)
    return message


_AUTH_METHOD: rt.Table = {
    "Name": ("name", str, rt.wrong("text")),
    "Type": ("type", str, rt.wrong("text")),
    "TokenLocality": ("token_locality", str, rt.wrong("text")),
    "TokenNameFormat": ("token_name_format", str, rt.wrong("text")),
    "MaxTokenTTL": ("max_token_ttl", None, rt.take_duration),
    "Default": ("default", bool, rt.wrong("true or false")),
    "Config": ("config", None, auth_method_config_from_json),
    "Hash": ("hash", None, rt.take_bytes),
    "CreateTime": ("create_time", None, rt.take_time),
    "ModifyTime": ("modify_time", None, rt.take_time),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def auth_method_from_json(value: rt.Json, lost: rt.Lost) -> AuthMethod:
    """Return the AuthMethod of a JSON object; what its types cannot hold is written to `lost`."""
    message: AuthMethod = rt.fill(AuthMethod, _AUTH_METHOD, value, lost)
    return message


_ACL_BINDING_RULE: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Description": ("description", str, rt.wrong("text")),
    "AuthMethod": ("auth_method", str, rt.wrong("text")),
    "Selector": ("selector", str, rt.wrong("text")),
    "BindType": ("bind_type", str, rt.wrong("text")),
    "BindName": ("bind_name", str, rt.wrong("text")),
    "Hash": ("hash", None, rt.take_bytes),
    "CreateTime": ("create_time", None, rt.take_time),
    "ModifyTime": ("modify_time", None, rt.take_time),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
}


def acl_binding_rule_from_json(value: rt.Json, lost: rt.Lost) -> ACLBindingRule:
    """Return the ACLBindingRule of a JSON object; what its types cannot hold is written to `lost`."""
    message: ACLBindingRule = rt.fill(ACLBindingRule, _ACL_BINDING_RULE, value, lost)
    return message


_NOMAD_VOLUME: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "ExternalID": ("external_id", str, rt.wrong("text")),
    "PluginID": ("plugin_id", str, rt.wrong("text")),
    "NodePool": ("node_pool", str, rt.wrong("text")),
    "NodeID": ("node_id", str, rt.wrong("text")),
    "HostPath": ("host_path", str, rt.wrong("text")),
    "State": ("state", str, rt.wrong("text")),
    "CapacityBytes": ("capacity_bytes", int, rt.wrong("an integer")),
    "Capacity": ("capacity", int, rt.wrong("an integer")),
    "RequestedCapacityMinBytes": ("requested_capacity_min_bytes", int, rt.wrong("an integer")),
    "RequestedCapacityMaxBytes": ("requested_capacity_max_bytes", int, rt.wrong("an integer")),
    "RequestedCapabilities": ("requested_capabilities_json", None, rt.take_raw),
    "Constraints": ("constraints_json", None, rt.take_raw),
    "Parameters": ("parameters", None, rt.map_of(str, "text")),
    "Topologies": ("topologies_json", None, rt.take_raw),
    "RequestedTopologies": ("requested_topologies_json", None, rt.take_raw),
    "AccessMode": ("access_mode", str, rt.wrong("text")),
    "AttachmentMode": ("attachment_mode", str, rt.wrong("text")),
    "MountOptions": ("mount_options_json", None, rt.take_raw),
    "Secrets": ("secrets", None, rt.map_of(str, "text")),
    "Context": ("context", None, rt.map_of(str, "text")),
    "ReadAllocs": ("read_allocs_json", None, rt.take_raw),
    "WriteAllocs": ("write_allocs_json", None, rt.take_raw),
    "ReadClaims": ("read_claims_json", None, rt.take_raw),
    "WriteClaims": ("write_claims_json", None, rt.take_raw),
    "PastClaims": ("past_claims_json", None, rt.take_raw),
    "Schedulable": ("schedulable", bool, rt.wrong("true or false")),
    "Provider": ("provider", str, rt.wrong("text")),
    "ProviderVersion": ("provider_version", str, rt.wrong("text")),
    "ControllerRequired": ("controller_required", bool, rt.wrong("true or false")),
    "ControllersHealthy": ("controllers_healthy", int, rt.wrong("an integer")),
    "ControllersExpected": ("controllers_expected", int, rt.wrong("an integer")),
    "NodesHealthy": ("nodes_healthy", int, rt.wrong("an integer")),
    "NodesExpected": ("nodes_expected", int, rt.wrong("an integer")),
    "ResourceExhausted": ("resource_exhausted", None, rt.take_time),
    "Allocations": ("allocations_json", None, rt.take_raw),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
    "RequestedCapacityMin": ("requested_capacity_min", int, rt.wrong("an integer")),
    "RequestedCapacityMax": ("requested_capacity_max", int, rt.wrong("an integer")),
    "CloneID": ("clone_id", str, rt.wrong("text")),
    "SnapshotID": ("snapshot_id", str, rt.wrong("text")),
}


def nomad_volume_from_json(value: rt.Json, lost: rt.Lost) -> NomadVolume:
    """Return the NomadVolume of a JSON object; what its types cannot hold is written to `lost`."""
    message: NomadVolume = rt.fill(NomadVolume, _NOMAD_VOLUME, value, lost)
    return message


_CSI_PLUGIN: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Provider": ("provider", str, rt.wrong("text")),
    "Version": ("version", str, rt.wrong("text")),
    "ControllerRequired": ("controller_required", bool, rt.wrong("true or false")),
    "Controllers": ("controllers_json", None, rt.take_raw),
    "Nodes": ("nodes_json", None, rt.take_raw),
    "Allocations": ("allocations_json", None, rt.take_raw),
    "ControllerJobs": ("controller_jobs_json", None, rt.take_raw),
    "NodeJobs": ("node_jobs_json", None, rt.take_raw),
    "ControllersHealthy": ("controllers_healthy", int, rt.wrong("an integer")),
    "ControllersExpected": ("controllers_expected", int, rt.wrong("an integer")),
    "NodesHealthy": ("nodes_healthy", int, rt.wrong("an integer")),
    "NodesExpected": ("nodes_expected", int, rt.wrong("an integer")),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
}


def csi_plugin_from_json(value: rt.Json, lost: rt.Lost) -> CSIPlugin:
    """Return the CSIPlugin of a JSON object; what its types cannot hold is written to `lost`."""
    message: CSIPlugin = rt.fill(CSIPlugin, _CSI_PLUGIN, value, lost)
    return message


_VARIABLE_LOCK: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "TTL": ("ttl", None, rt.take_duration),
    "LockDelay": ("lock_delay", None, rt.take_duration),
}


def variable_lock_from_json(value: rt.Json, lost: rt.Lost) -> VariableLock:
    """Return the VariableLock of a JSON object; what its types cannot hold is written to `lost`."""
    message: VariableLock = rt.fill(VariableLock, _VARIABLE_LOCK, value, lost)
    return message


_VARIABLE_METADATA: rt.Table = {
    "Namespace": ("namespace", str, rt.wrong("text")),
    "Path": ("path", str, rt.wrong("text")),
    "Lock": ("lock", None, variable_lock_from_json),
    "CreateIndex": ("create_index", int, rt.wrong("an integer")),
    "CreateTime": ("create_time", int, rt.wrong("an integer")),
    "ModifyIndex": ("modify_index", int, rt.wrong("an integer")),
    "ModifyTime": ("modify_time", int, rt.wrong("an integer")),
}


def variable_metadata_from_json(value: rt.Json, lost: rt.Lost) -> VariableMetadata:
    """Return the VariableMetadata of a JSON object; what its types cannot hold is written to `lost`."""
    message: VariableMetadata = rt.fill(VariableMetadata, _VARIABLE_METADATA, value, lost)
    return message


_NOMAD_PAYLOAD: rt.Table = {
    "Node": ("node", None, node_from_json),
    "Job": ("job", None, job_from_json),
    "Allocation": ("allocation", None, allocation_from_json),
    "Evaluation": ("evaluation", None, evaluation_from_json),
    "Deployment": ("deployment", None, deployment_from_json),
    "NodePool": ("node_pool", None, node_pool_from_json),
    "Service": ("service", None, service_registration_from_json),
    "ACLToken": ("acl_token", None, acl_token_from_json),
    "ACLPolicy": ("acl_policy", None, acl_policy_from_json),
    "ACLRole": ("acl_role", None, acl_role_from_json),
    "AuthMethod": ("auth_method", None, auth_method_from_json),
    "ACLBindingRule": ("acl_binding_rule", None, acl_binding_rule_from_json),
    "Volume": ("volume", None, nomad_volume_from_json),
    "Plugin": ("plugin", None, csi_plugin_from_json),
    "Metadata": ("metadata", None, variable_metadata_from_json),
    "Deleted": ("deleted", bool, rt.wrong("true or false")),
    "Timeout": ("timeout", bool, rt.wrong("true or false")),
    "TimeoutReason": ("timeout_reason", str, rt.wrong("text")),
}

_NOMAD_PAYLOAD_ALTERNATIVES = frozenset(("Node", "Job", "Allocation", "Evaluation", "Deployment", "NodePool", "Service", "ACLToken", "ACLPolicy", "ACLRole", "AuthMethod", "ACLBindingRule", "Volume", "Plugin", "Metadata"))


def nomad_payload_from_json(value: rt.Json, lost: rt.Lost) -> NomadPayload:
    """Return the NomadPayload of a JSON object; what its types cannot hold is written to `lost`."""
    if type(value) is dict and len(_NOMAD_PAYLOAD_ALTERNATIVES & value.keys()) > 1:
        lost.append("")
    message: NomadPayload = rt.fill(NomadPayload, _NOMAD_PAYLOAD, value, lost)
    return message


_NOMAD_EVENT: rt.Table = {
    "Topic": ("topic", str, rt.wrong("text")),
    "Type": ("type", str, rt.wrong("text")),
    "Key": ("key", str, rt.wrong("text")),
    "Namespace": ("namespace", str, rt.wrong("text")),
    "FilterKeys": ("filter_keys", None, rt.list_of(str, "text")),
    "Payload": ("payload", None, nomad_payload_from_json),
}


def nomad_event_from_json(value: rt.Json, lost: rt.Lost) -> NomadEvent:
    """Return the NomadEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: NomadEvent = rt.fill(NomadEvent, _NOMAD_EVENT, value, lost)
    return message


def nomad_event_from_text(text: bytes, lost: rt.Lost) -> NomadEvent:
    """Return the NomadEvent of a JSON text, the exact text of "Payload" kept in `payload_json`.

    Raises:
        rt.JsonError: it is not JSON or has the wrong shape; with the path.
    """
    texts = rt.members(text)
    exact = texts.pop("Payload", b"null")
    message = nomad_event_from_json({name: rt.loads(inside) for name, inside in texts.items()}, lost)
    if exact != b"null":
        if not exact.startswith(b"{"):
            raise rt.JsonError("Payload", "expected an object")
        message.payload_json = exact
    return message


def nomad_payload_from_text(text: bytes) -> tuple[NomadPayload, bool]:
    """Return the typed form of an exact JSON text, and whether it holds all that the text says.

    Raises:
        rt.JsonError: the types cannot hold it; with the path.
    """
    lost: list[str] = []
    return nomad_payload_from_json(rt.loads(text), lost), not lost


NOMAD_PAYLOAD_SECRETS: tuple[tuple[str, ...], ...] = (
    ('Node', 'SecretID'),
    ('Job', 'ConsulToken'),
    ('Job', 'VaultToken'),
    ('Evaluation', 'LeaderACL'),
    ('ACLToken', 'SecretID'),
    ('AuthMethod', 'Config', 'OIDCClientSecret'),
    ('AuthMethod', 'Config', 'OIDCClientAssertion', 'PrivateKey', 'PemKey'),
    ('Volume', 'Secrets', '*'),
)
NOMAD_PAYLOAD_DROPS: tuple[tuple[str, ...], ...] = (
    ('Allocation', 'SignedIdentities'),
)
_NOMAD_PAYLOAD_SECRET_FIELDS: tuple[tuple[str, ...], ...] = (
    ('node', 'secret_id'),
    ('job', 'consul_token'),
    ('job', 'vault_token'),
    ('evaluation', 'leader_acl'),
    ('acl_token', 'secret_id'),
    ('auth_method', 'config', 'oidc_client_secret'),
    ('auth_method', 'config', 'oidc_client_assertion', 'private_key', 'pem_key'),
    ('volume', 'secrets', '*'),
)
_NOMAD_PAYLOAD_DROPPED_FIELDS: tuple[tuple[str, ...], ...] = (
    ('allocation', 'signed_identities'),
)


def blank_nomad_payload(message: NomadPayload) -> None:
    """Blank every secret of a typed NomadPayload, in place."""
    rt.blank_message(message, _NOMAD_PAYLOAD_SECRET_FIELDS, _NOMAD_PAYLOAD_DROPPED_FIELDS)


def blank_nomad_payload_text(text: bytes) -> bytes:
    """Return the JSON text of a NomadPayload without its secrets; the very same bytes when it has none.

    Raises:
        rt.JsonError: it is not JSON.
    """
    return rt.blank_text(text, NOMAD_PAYLOAD_SECRETS, NOMAD_PAYLOAD_DROPS)
