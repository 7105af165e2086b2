DROP FUNCTION searchable_text(text);
DROP FUNCTION keep_completed_at();
DROP FUNCTION count_version();
DROP FUNCTION touch_row();
