"""What happened in Nomad, in a few words for people."""

from __future__ import annotations

from tidings.v1 import nomad_pb2


def words_of(event: nomad_pb2.NomadEvent) -> list[str]:
    """Return what the event is about, and how that is now."""
    return [event.topic, event.type, event.key, event.namespace, *_state(event.payload)]


def _state(payload: nomad_pb2.NomadPayload) -> list[str]:
    """Return what an object is about and how it is, beside its key."""
    match payload.WhichOneof("object"):
        case "allocation":
            allocation = payload.allocation
            wanted = allocation.desired_status
            words = [
                f"job {allocation.job_id}" if allocation.job_id else "",
                allocation.client_status,
                f"wanted {wanted}" if wanted and wanted != "run" else "",
                f"on {allocation.node_name}" if allocation.node_name else "",
            ]
        case "evaluation":
            evaluation = payload.evaluation
            job = f"job {evaluation.job_id}" if evaluation.job_id else ""
            words = [job, evaluation.status, evaluation.triggered_by]
        case "deployment":
            deployment = payload.deployment
            job = f"job {deployment.job_id}" if deployment.job_id else ""
            words = [job, deployment.status, deployment.status_description]
        case "job":
            words = [payload.job.status]
        case "node":
            node = payload.node
            words = [node.name, node.status, node.scheduling_eligibility]
        case "service":
            service = payload.service
            words = [service.service_name, f"job {service.job_id}" if service.job_id else ""]
        case _:
            words = []
    return words
