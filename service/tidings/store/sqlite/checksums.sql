-- Version 2: each row has a checksum (tidings.store.checksums); NULL = it was stored by version 1.
ALTER TABLE records ADD COLUMN checksum INTEGER;
ALTER TABLE keys ADD COLUMN checksum INTEGER;
ALTER TABLE state ADD COLUMN checksum INTEGER;
