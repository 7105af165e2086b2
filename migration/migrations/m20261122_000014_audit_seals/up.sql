-- The audit trail is append-only, and its rows are sealed: each seal holds the hashes of its rows and the hash of the seal before.

ALTER TABLE audit_logs ADD COLUMN transaction_id BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);

COMMENT ON COLUMN audit_logs.transaction_id IS 'The transaction that made the change, by its 64-bit id: tells whether a seal should have seen the row';

CREATE INDEX idx_audit_logs_transaction_id ON audit_logs (transaction_id);
CREATE INDEX idx_audit_logs_session_id ON audit_logs (session_id, timestamp, id) WHERE session_id IS NOT NULL;

COMMENT ON INDEX idx_audit_logs_transaction_id IS 'Rows that no seal has seen';
COMMENT ON INDEX idx_audit_logs_session_id IS 'What was done in one session, in order';

CREATE TABLE audit_seals (
    number         BIGINT      NOT NULL,
    sealed_at      TIMESTAMPTZ NOT NULL,
    cluster        BIGINT      NOT NULL,
    snapshot       TEXT        NOT NULL,
    transaction_id BIGINT      NOT NULL,
    row_count      BIGINT      NOT NULL,
    newest_at      TIMESTAMPTZ NOT NULL,
    previous_hash  BYTEA       NOT NULL,
    rows_hash      BYTEA       NOT NULL,
    hash           BYTEA       NOT NULL,
    pruned_at      TIMESTAMPTZ,
    CONSTRAINT audit_seals_pkey PRIMARY KEY (number),
    CONSTRAINT audit_seals_number_check CHECK (number >= 1),
    CONSTRAINT audit_seals_row_count_check CHECK (row_count >= 1),
    CONSTRAINT audit_seals_hashes_check CHECK (
        octet_length(previous_hash) = 32 AND octet_length(rows_hash) = 32 AND octet_length(hash) = 32),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT audit_seals_times_check CHECK (
        sealed_at >= to_timestamp(-62135596800) AND sealed_at < to_timestamp(253402300800)
        AND newest_at >= to_timestamp(-62135596800) AND newest_at < to_timestamp(253402300800)
        AND pruned_at >= to_timestamp(-62135596800) AND pruned_at < to_timestamp(253402300800))
);

COMMENT ON TABLE audit_seals IS 'Seals of the audit trail, a chain of hashes; docs/security.md says what it proves';
COMMENT ON COLUMN audit_seals.sealed_at IS 'The start of the sealing transaction';
COMMENT ON COLUMN audit_seals.cluster IS 'The database cluster''s system identifier; transaction ids of different clusters cannot be compared';
COMMENT ON COLUMN audit_seals.snapshot IS 'Which transactions were over when the seal was made, as pg_current_snapshot() tells it';
COMMENT ON COLUMN audit_seals.transaction_id IS 'The sealing transaction: one with a greater id has written nothing before sealed_at';
COMMENT ON COLUMN audit_seals.newest_at IS 'The latest timestamp of its rows';
COMMENT ON COLUMN audit_seals.previous_hash IS 'hash of the seal before; 32 bytes of zero for the first';
COMMENT ON COLUMN audit_seals.rows_hash IS 'SHA-256 of the hashes of its rows, in the order of the rows'' ids';
COMMENT ON COLUMN audit_seals.hash IS 'SHA-256 of all the columns before';
COMMENT ON COLUMN audit_seals.pruned_at IS 'When retention removed its rows; the seal itself stays';

CREATE INDEX idx_audit_seals_unpruned ON audit_seals (number) INCLUDE (newest_at, row_count) WHERE pruned_at IS NULL;

COMMENT ON INDEX idx_audit_seals_unpruned IS 'The oldest seal whose rows are there, for retention';

CREATE TABLE audit_seal_rows (
    seal_number BIGINT NOT NULL,
    audit_id    UUID   NOT NULL,
    row_hash    BYTEA  NOT NULL,
    CONSTRAINT audit_seal_rows_pkey PRIMARY KEY (audit_id),
    CONSTRAINT audit_seal_rows_seal_number_fkey FOREIGN KEY (seal_number) REFERENCES audit_seals (number),
    CONSTRAINT audit_seal_rows_row_hash_check CHECK (octet_length(row_hash) = 32)
);

COMMENT ON TABLE audit_seal_rows IS 'Which seal each row of the audit trail belongs to, and its hash when it was sealed';
COMMENT ON COLUMN audit_seal_rows.audit_id IS 'The row of audit_logs; no foreign key, so that a removed row leaves its trace';
COMMENT ON COLUMN audit_seal_rows.row_hash IS 'SHA-256 of the row''s columns';

CREATE INDEX idx_audit_seal_rows_seal_number ON audit_seal_rows (seal_number, audit_id);

COMMENT ON INDEX idx_audit_seal_rows_seal_number IS 'The rows of one seal, in order';

-- Against mistakes of those who have the right; against others there are rights, and against those who can drop this, seals.
CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TM004',
        MESSAGE = format('%s of %s is refused: it is append-only', TG_OP, TG_ARGV[0]),
        HINT = 'Old rows are removed by retention, which leaves their seals.';
END
$$;

COMMENT ON FUNCTION refuse_change() IS 'Refuses what the trigger is for, by SQLSTATE TM004. Argument: the table''s name';

CREATE FUNCTION refuse_unpruned() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
DECLARE
    subject uuid;
BEGIN
    IF TG_ARGV[0] = 'audit_logs' THEN
        subject := OLD.id;
    ELSE
        subject := OLD.audit_id;
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_seal_rows AS r
          JOIN audit_seals AS s ON s.number = r.seal_number
         WHERE r.audit_id = subject AND s.pruned_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM004',
            MESSAGE = format('DELETE of row %s of %s is refused: it is append-only, and the row''s seal is not marked as pruned', subject, TG_ARGV[0]),
            HINT = 'Old rows are removed by retention, which leaves their seals.';
    END IF;
    RETURN OLD;
END
$$;

COMMENT ON FUNCTION refuse_unpruned() IS
    'BEFORE DELETE row trigger that lets go only what belongs to a seal that is marked as pruned; SQLSTATE TM004. Argument: the table''s name';

CREATE FUNCTION refuse_seal_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    IF OLD.pruned_at IS NOT NULL OR NEW.pruned_at IS NULL
        OR to_jsonb(OLD) - 'pruned_at' IS DISTINCT FROM to_jsonb(NEW) - 'pruned_at' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM004',
            MESSAGE = format('UPDATE of seal %s is refused: it can only be marked as pruned, once', OLD.number);
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION refuse_seal_change() IS 'BEFORE UPDATE row trigger that lets a seal be marked as pruned, and nothing else; SQLSTATE TM004';

-- A hole in the numbers could never be filled, and a seal that is pruned from the start would let rows go unseen.
CREATE FUNCTION check_new_seal() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    IF NEW.pruned_at IS NOT NULL
        OR NEW.transaction_id <> pg_current_xact_id()::text::bigint
        OR NEW.number > coalesce((SELECT max(number) FROM audit_seals), 0) + 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM004',
            MESSAGE = format('INSERT of seal %s is refused: it is not the next one, made by this transaction', NEW.number);
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION check_new_seal() IS 'BEFORE INSERT row trigger that lets in the next seal, or one whose number is taken; SQLSTATE TM004';

CREATE FUNCTION check_new_seal_rows() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
DECLARE
    foreign_seal bigint;
BEGIN
    SELECT a.seal_number INTO foreign_seal
      FROM added AS a
      LEFT JOIN audit_seals AS s
        ON s.number = a.seal_number AND s.transaction_id = pg_current_xact_id()::text::bigint AND s.pruned_at IS NULL
     WHERE s.number IS NULL
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM004',
            MESSAGE = format('INSERT of a row of seal %s is refused: only the transaction that makes a seal says which rows are in it', foreign_seal);
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION check_new_seal_rows() IS
    'AFTER INSERT statement trigger with the transition table added: rows come with their seal, in one transaction; SQLSTATE TM004';

CREATE TRIGGER audit_logs_refuse_change BEFORE UPDATE OR TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('audit_logs');
CREATE TRIGGER audit_logs_refuse_delete BEFORE DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_unpruned('audit_logs');

CREATE TRIGGER audit_seals_refuse_removal BEFORE DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('audit_seals');
CREATE TRIGGER audit_seals_refuse_change BEFORE UPDATE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_seal_change();

CREATE TRIGGER audit_seals_check_new BEFORE INSERT ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION check_new_seal();

CREATE TRIGGER audit_seal_rows_check_new AFTER INSERT ON audit_seal_rows
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_seal_rows();
CREATE TRIGGER audit_seal_rows_refuse_change BEFORE UPDATE OR TRUNCATE ON audit_seal_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('audit_seal_rows');
CREATE TRIGGER audit_seal_rows_refuse_delete BEFORE DELETE ON audit_seal_rows
    FOR EACH ROW EXECUTE FUNCTION refuse_unpruned('audit_seal_rows');
