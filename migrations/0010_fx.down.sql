UPDATE role SET permissions = array_remove(array_remove(array_remove(permissions, 'fx:read'), 'fx:quote'), 'fx:write')
 WHERE permissions && '{fx:read,fx:quote,fx:write}';
DROP TABLE fx_quote;
DROP FUNCTION add_fx_rate_v1(text, text, numeric, numeric, timestamptz, text, text);
DROP TABLE fx_newest;
DROP TABLE fx_rate;
