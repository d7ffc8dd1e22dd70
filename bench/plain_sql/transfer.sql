-- One transfer between two of 10,000 accounts, chosen at random and never the same.
-- Both rows are locked in id order first, so two transfers in opposite directions cannot deadlock.
\set source random(1, 10000)
\set step random(1, 9999)
\set destination 1 + (:source - 1 + :step) % 10000
\set amount random(1, 1000)
\set debit -:amount
BEGIN;
SELECT id FROM account WHERE id IN (:source, :destination) ORDER BY id FOR UPDATE;
INSERT INTO transfer (id, source, destination, amount) VALUES (gen_random_uuid(), :source, :destination, :amount) RETURNING id AS transfer \gset
UPDATE account SET balance = balance - :amount, seq = seq + 1 WHERE id = :source RETURNING balance AS source_balance, seq AS source_seq \gset
UPDATE account SET balance = balance + :amount, seq = seq + 1 WHERE id = :destination RETURNING balance AS destination_balance, seq AS destination_seq \gset
INSERT INTO entry (account, seq, transfer, amount, balance_after) VALUES (:source, :source_seq, :transfer, :debit, :source_balance), (:destination, :destination_seq, :transfer, :amount, :destination_balance);
COMMIT;
