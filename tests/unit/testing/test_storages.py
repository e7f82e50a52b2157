"""The conformance suite finds what is wrong with a storage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WRITES_IN_PLACE = """
    def _write(self, key, chunks, *, private=False):
        self._make_folder(posixpath.dirname(key))
        self._entries[key] = b""
        for chunk in chunks:
            self._entries[key] += chunk
"""
FORGETS_ITS_ROOT = """
    def _key(self, path):
        return posixpath.normpath(path).lstrip("/.")
"""
COPIES_NOTHING = """
    def _copy_file(self, src, dest):
        pass
"""
HIDES_FOLDERS = """
    def _list(self, key):
        files, _ = super()._list(key)
        return files, []
"""


@pytest.mark.parametrize(
    ("fault", "promise"),
    [
        (WRITES_IN_PLACE, "test_content_that_fails_leaves_the_old_file"),
        (WRITES_IN_PLACE, "test_file_that_is_being_written_is_not_seen"),
        (FORGETS_ITS_ROOT, "test_path_out_of_the_root_is_refused_by_every_method"),
        (COPIES_NOTHING, "test_folder_is_copied_with_all_that_is_in_it"),
        (HIDES_FOLDERS, "test_ls_names_files_and_folders_in_sorted_order"),
    ],
)
def test_broken_promise_is_found(tmp_path: Path, fault: str, promise: str) -> None:
    report = _run_suite(tmp_path, f"class Faulty(MemoryStorage):\n{fault}", promise)

    assert f"TestFaulty::{promise}" in report
    assert "passed" not in report.splitlines()[-1]


def test_heir_without_a_storage_is_told_what_is_missing(tmp_path: Path) -> None:
    report = _run_suite(tmp_path, "Faulty = None", "test_folder_is_made_and_may_be_empty")

    assert "NotImplementedError: TestFaulty needs a fixture 'storage'" in report


def _run_suite(folder: Path, storage: str, promise: str) -> str:
    """Run one test of the suite, as the distribution of a storage would, and return the report."""
    (folder / "test_faulty.py").write_text(
        f"""
import posixpath
import pytest
from gluepy.files.storages.memory import MemoryStorage
from gluepy.testing.storages import StorageSuite

{storage}

class TestFaulty(StorageSuite):
    if Faulty:
        @pytest.fixture
        def storage(self):
            return Faulty()
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", promise]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.rstrip()
