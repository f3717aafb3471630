"""SQLite's file calls, seen before they happen.

SQLite reaches its files through a table of functions, its VFS. Here a few entries of that table
are replaced, in this process alone, by functions that report and then do what was there before.
The directories that SQLite syncs are seen through the hook that its own tests use for that.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import errno
import os
from collections.abc import Callable

Report = Callable[[str, str, int, bytes], None]  # kind, path, offset, data; OSError makes it fail

_OPEN_CREATE = 0x4
_OK, _FULL, _CANTOPEN = 0, 13, 14
_FAILS = {  # extended codes of SQLITE_IOERR
    "write": 778,
    "sync": 1034,
    "truncate": 1546,
    "unlink": 2570,
    "create": _CANTOPEN,
    "sync folder": _CANTOPEN,
}

_VFS = (
    "pNext zName pAppData xOpen xDelete xAccess xFullPathname xDlOpen xDlError xDlSym xDlClose "
    "xRandomness xSleep xCurrentTime xGetLastError xCurrentTimeInt64 xSetSystemCall "
    "xGetSystemCall xNextSystemCall"
).split()
_METHODS = (
    "xClose xRead xWrite xTruncate xSync xFileSize xLock xUnlock xCheckReservedLock xFileControl "
    "xSectorSize xDeviceCharacteristics xShmMap xShmLock xShmBarrier xShmUnmap xFetch xUnfetch"
).split()

_P, _I, _I64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_Text = ctypes.c_char_p
_Open = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)  # SQLite keeps the pointer to the name
_Delete = ctypes.CFUNCTYPE(_I, _P, _Text, _I)
_Write = ctypes.CFUNCTYPE(_I, _P, _P, _I, _I64)
_Truncate = ctypes.CFUNCTYPE(_I, _P, _I64)
_Sync = ctypes.CFUNCTYPE(_I, _P, _I)
_OpenDirectory = ctypes.CFUNCTYPE(_I, _Text, _P)
_SetSystemCall = ctypes.CFUNCTYPE(_I, _P, _Text, _P)
_GetSystemCall = ctypes.CFUNCTYPE(_P, _P, _Text)


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("iVersion", _I),
        ("szOsFile", _I),
        ("mxPathname", _I),
        *((name, _P) for name in _VFS),
    ]


class _Methods(ctypes.Structure):
    _fields_ = [("iVersion", _I), *((name, _P) for name in _METHODS)]


class _File(ctypes.Structure):
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


def available() -> bool:
    """Whether this Python's SQLite can be reached: it is a library of its own, on a Unix."""
    return os.name == "posix" and _vfs() is not None


def _vfs() -> _Vfs | None:
    try:
        find = ctypes.CDLL(_sqlite3.__file__).sqlite3_vfs_find
    except (AttributeError, OSError):
        return None
    find.restype = ctypes.POINTER(_Vfs)
    found = find(None)
    return found.contents if found and found.contents.iVersion >= 3 else None


_FOREVER: list[Files] = []


class Files:
    """The file calls of SQLite in this process, reported from now on."""

    def __init__(self, report: Report) -> None:
        vfs = _vfs()
        assert vfs is not None
        self._report = report
        self._paths: dict[int, str] = {}
        self._tables: dict[int, _Methods] = {}
        self._kept: list[object] = []  # what C points to must not be collected
        _FOREVER.append(self)
        self._sqlite_open = _Open(vfs.xOpen)
        self._sqlite_delete = _Delete(vfs.xDelete)
        vfs.xOpen = self._pointer(_Open(self._open))
        vfs.xDelete = self._pointer(_Delete(self._delete))
        address = _GetSystemCall(vfs.xGetSystemCall)(ctypes.addressof(vfs), b"openDirectory")
        self._sqlite_open_directory = _OpenDirectory(address)
        hook = self._pointer(_OpenDirectory(self._open_directory))
        _SetSystemCall(vfs.xSetSystemCall)(ctypes.addressof(vfs), b"openDirectory", hook)

    def _pointer(self, function: object) -> int | None:
        self._kept.append(function)
        return ctypes.cast(function, _P).value  # type: ignore[arg-type]

    def _said(self, kind: str, path: str, offset: int = 0, data: bytes = b"") -> int:
        """Report a call; return the code with which it is to fail, or 0."""
        try:
            self._report(kind, path, offset, data)
        except OSError as fault:
            full = fault.errno == errno.ENOSPC and kind == "write"
            return _FULL if full else _FAILS[kind]
        return _OK

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        path = os.fsdecode(ctypes.string_at(name)) if name else ""
        if path and flags & _OPEN_CREATE and not os.path.exists(path):  # noqa: PTH110
            failed = self._said("create", path)
            if failed:
                _File.from_address(file).methods = None
                return failed
        code = self._sqlite_open(vfs, name, file, flags, out)
        opened = _File.from_address(file)
        if path and opened.methods:
            self._paths[file] = path
            opened.methods = ctypes.pointer(self._watched(opened.methods))
        return code

    def _watched(self, methods: ctypes._Pointer[_Methods]) -> _Methods:
        """A copy of a table of functions, in which those that change a file report."""
        address = ctypes.addressof(methods.contents)
        if address not in self._tables:
            table = _Methods.from_buffer_copy(methods.contents)
            write, truncate = _Write(table.xWrite), _Truncate(table.xTruncate)
            sync = _Sync(table.xSync)
            self._kept += [write, truncate, sync]

            def on_write(file: int, data: int, size: int, offset: int) -> int:
                content = ctypes.string_at(data, size)
                failed = self._said("write", self._paths[file], offset, content)
                return failed or write(file, data, size, offset)

            def on_truncate(file: int, size: int) -> int:
                return self._said("truncate", self._paths[file], size) or truncate(file, size)

            def on_sync(file: int, flags: int) -> int:
                return self._said("sync", self._paths[file]) or sync(file, flags)

            table.xWrite = self._pointer(_Write(on_write))
            table.xTruncate = self._pointer(_Truncate(on_truncate))
            table.xSync = self._pointer(_Sync(on_sync))
            self._tables[address] = table
        return self._tables[address]

    def _delete(self, vfs: int, name: bytes, sync: int) -> int:
        path = os.fsdecode(name)
        failed = self._said("unlink", path) if os.path.exists(path) else _OK  # noqa: PTH110
        return failed or self._sqlite_delete(vfs, name, sync)

    def _open_directory(self, name: bytes, out: int) -> int:
        folder = os.path.dirname(os.fsdecode(name))  # noqa: PTH120
        return self._said("sync folder", folder) or self._sqlite_open_directory(name, out)
