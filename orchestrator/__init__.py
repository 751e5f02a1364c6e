"""Serverless fan-out/fan-in orchestrator for Google Dataflow jobs, and the same engine on one machine."""
