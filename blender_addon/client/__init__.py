"""Start, talk to and stop the backend. No bpy here; threads only move bytes between pipes and queues."""
