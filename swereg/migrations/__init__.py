"""The schema, revision by revision; run by alembic."""
