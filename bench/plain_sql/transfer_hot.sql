-- The same transfer with one hot destination: everybody pays account 1, as a shop on a sale day is paid.
-- Locks in id order; account 1 sorts first, so the queue forms before anything else is done.
\set source random(2, 10000)
\set destination 1
\set amount random(1, 1000)
\set debit -:amount
BEGIN;
SELECT id FROM account WHERE id IN (:source, :destination) ORDER BY id FOR UPDATE;
INSERT INTO transfer (id, source, destination, amount) VALUES (gen_random_uuid(), :source, :destination, :amount) RETURNING id AS transfer \gset
UPDATE account SET balance = balance - :amount, seq = seq + 1 WHERE id = :source RETURNING balance AS source_balance, seq AS source_seq \gset
UPDATE account SET balance = balance + :amount, seq = seq + 1 WHERE id = :destination RETURNING balance AS destination_balance, seq AS destination_seq \gset
INSERT INTO entry (account, seq, transfer, amount, balance_after) VALUES (:source, :source_seq, :transfer, :debit, :source_balance), (:destination, :destination_seq, :transfer, :amount, :destination_balance);
COMMIT;
