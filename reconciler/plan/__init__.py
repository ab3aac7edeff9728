"""Desired + Snapshot -> Plan: every decision about the cluster, pure."""
