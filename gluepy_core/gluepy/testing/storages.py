"""The conformance suite of storages: what every backend promises, as tests to inherit.

A distribution that brings a storage shows with it that the storage can stand in for any other::

    from gluepy.testing.storages import StorageSuite

    class TestS3Storage(StorageSuite):
        @pytest.fixture
        def storage(self):
            with empty_bucket() as url:
                yield S3Storage(url)

The names of the tests are the promises.
"""

from __future__ import annotations

from gluepy.testing._storage_content import ContentTests
from gluepy.testing._storage_paths import LinkTests, PathTests
from gluepy.testing._storage_tree import CopyTests, KindTests, TreeTests
from gluepy.testing._storage_writes import WriteTests

__all__ = ["LinkedStorageSuite", "StorageSuite"]


class StorageSuite(ContentTests, PathTests, TreeTests, CopyTests, KindTests, WriteTests):
    """Tests that every storage passes; inherit it and define the fixture ``storage``.

    A backend with hidden temporary files overrides `all_files`.
    """


class LinkedStorageSuite(StorageSuite, LinkTests):
    """The same for a storage that has links, as a file system does: define `link` too."""
