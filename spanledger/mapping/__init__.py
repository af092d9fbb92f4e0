"""Dialects of LLM tracing to columns: data in `schema/mapping`, rendered to SQL for the view that recognises spans."""
