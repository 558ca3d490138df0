-- Views by bots that say so themselves, counted apart from all others. See docs/decisions/0032-bots-are-counted-apart.md.
-- The program of before goes on counting meanwhile: what it doesn't name is 0.

ALTER TABLE read_views.view_totals
    ADD COLUMN bots bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT view_totals_count_check,
    ADD CONSTRAINT view_totals_count_check CHECK (count >= 0 AND bots >= 0 AND count + bots > 0) NOT VALID;
ALTER TABLE read_views.view_days
    ADD COLUMN bots bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT view_days_count_check,
    ADD CONSTRAINT view_days_count_check CHECK (count >= 0 AND bots >= 0 AND count + bots > 0) NOT VALID;

CREATE OR REPLACE TRIGGER view_totals_only_rise BEFORE UPDATE ON read_views.view_totals FOR EACH ROW
    WHEN (NEW.count < OLD.count OR NEW.bots < OLD.bots OR (NEW.kind, NEW.id) IS DISTINCT FROM (OLD.kind, OLD.id))
    EXECUTE FUNCTION read_views.refuse();
CREATE OR REPLACE TRIGGER view_days_only_rise BEFORE UPDATE ON read_views.view_days FOR EACH ROW
    WHEN (NEW.count < OLD.count OR NEW.bots < OLD.bots
          OR (NEW.kind, NEW.id, NEW.day) IS DISTINCT FROM (OLD.kind, OLD.id, OLD.day))
    EXECUTE FUNCTION read_views.refuse();
