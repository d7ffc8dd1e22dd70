UPDATE role SET permissions = ARRAY(SELECT name FROM unnest(permissions) AS name
                                     WHERE name NOT LIKE 'invoices:%' AND name NOT LIKE 'marketplaces:%');
UPDATE api_key SET scopes = ARRAY(SELECT name FROM unnest(scopes) AS name WHERE name NOT LIKE 'invoices:%');
DROP TABLE marketplace_notice, invoice_attempt, invoice;
