//! What expressions may use without being named in a policy: functions of `pg_catalog` that compute from what they are given and do
//! nothing else, and types that hold data.
//!
//! A list of what is dangerous would never be complete: PostgreSQL has three thousand functions, and some that look harmless run a statement
//! given as text (`query_to_xml`, `ts_stat`, `ts_rewrite`), read files, send signals, change settings, or wait.

use std::{collections::HashSet, sync::LazyLock};

/// Functions of `pg_catalog`, and what is written like one.
static FUNCTIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
    "
    abbrev abs acos age any_value array array_agg array_append array_cat array_dims array_length
    array_lower array_ndims array_position array_positions array_prepend array_remove array_replace
    array_to_json array_to_string array_to_tsvector array_upper ascii asin atan atan2 avg bit_and bit_length
    bit_or bit_xor bool_and bool_or broadcast btrim cardinality cbrt ceil ceiling char_length character_length
    chr clock_timestamp coalesce concat concat_ws convert_from convert_to corr cos cosh cot count covar_pop
    covar_samp cume_dist date_add date_bin date_part date_subtract date_trunc daterange decode degrees
    dense_rank div encode every exp extract factorial family first_value floor format gcd gen_random_uuid
    generate_series generate_subscripts get_bit get_byte greatest grouping host hostmask inet_merge
    inet_same_family initcap int4range int8range isempty isfinite json_agg json_array_elements
    json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
    json_extract_path json_extract_path_text json_object json_object_agg json_object_keys json_strip_nulls
    json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text
    jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
    jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
    jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array
    jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_pretty
    jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days
    justify_hours justify_interval lag last_value lcm lead least left length ln log log10 lower lower_inc
    lower_inf lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz masklen max md5 min
    min_scale mod mode netmask network normalize now nth_value ntile nullif num_nonnulls num_nulls numnode
    numrange octet_length overlaps overlay percent_rank percentile_cont percentile_disc phraseto_tsquery pi
    plainto_tsquery position power querytree quote_ident quote_literal quote_nullable radians random range_agg
    range_intersect_agg range_merge rank regexp_count regexp_instr regexp_like regexp_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count
    regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy replace reverse right round row row_number
    row_to_json rpad rtrim scale set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512 sign sin
    sinh split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg
    string_to_array string_to_table strip strpos substr substring sum tan tanh timeofday timezone to_ascii
    to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp
    translate trim trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsquery_phrase
    tsrange tstzrange tsvector_to_array unnest upper upper_inc upper_inf var_pop var_samp variance
    websearch_to_tsquery width_bucket
    ",
)
});

/// Functions that are written without parentheses.
pub(super) const CLOCKS: [&str; 5] =
    ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"];

/// Types that are only names to the parser. Not here: what is looked up in the catalogs (`regclass`, `regrole`, `oid`), rows, XML.
static TYPES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
    "
    bpchar char cidr datemultirange daterange decimal float4 float8 inet int2 int4 int4multirange int4range int8
    int8multirange int8range jsonpath macaddr macaddr8 money nummultirange numrange regconfig timestamptz timetz
    tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector uuid varbit varchar
    ",
)
});

/// What PostgreSQL reserves: never a name unless it is quoted. The parser is more liberal and would take some of these for one.
static RESERVED: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
    "
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
    collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
    except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
    is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
    only or order outer overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when
    where window with
    ",
)
});

fn words(text: &'static str) -> HashSet<&'static str> {
    text.split_whitespace().collect()
}

pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(name)
}

pub(super) fn is_type(name: &str) -> bool {
    TYPES.contains(name)
}

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(word)
}

/// The length to which a value may be filled up.
pub(super) const MAX_LENGTH: u64 = 10_000;

/// Functions that give rows of one column, in FROM: it is called as the alias. Not here: what gives back what it is given, which can be a row with
/// columns of its own, and `unnest`, which takes rows apart.
pub(super) fn gives_one_column(function: &str) -> bool {
    matches!(
        function,
        "generate_series"
            | "generate_subscripts"
            | "json_object_keys"
            | "jsonb_object_keys"
            | "jsonb_path_query"
            | "jsonb_path_query_tz"
            | "regexp_matches"
            | "regexp_split_to_table"
            | "string_to_table"
    )
}

/// The columns of functions that return more than one, in FROM.
pub(super) fn columns_of(function: &str) -> Option<&'static [&'static str]> {
    match function {
        "json_each" | "json_each_text" | "jsonb_each" | "jsonb_each_text" => Some(&["key", "value"]),
        "json_array_elements"
        | "json_array_elements_text"
        | "jsonb_array_elements"
        | "jsonb_array_elements_text" => Some(&["value"]),
        _ => None,
    }
}
