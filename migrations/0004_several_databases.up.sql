-- A shard moves from one of the ledger's databases to another (docs/decisions/0007). From the moment on when nobody may
-- own it in the old one until its rows are in the new one, lists still find them in the old one: `leaving`.
ALTER TABLE shard ADD COLUMN leaving boolean NOT NULL DEFAULT false;
