"""What the header of every registry file says."""

APPLICATION_ID = 0x53575247  # "SWRG"
HEAD = 1  # the newest schema; alembic's revision 0001
