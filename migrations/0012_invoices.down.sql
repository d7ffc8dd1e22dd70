UPDATE role SET permissions = ARRAY(SELECT name FROM unnest(permissions) AS name
                                     WHERE name NOT LIKE 'invoices:%' AND name NOT LIKE 'marketplaces:%'
                                       AND name NOT LIKE 'virtual_accounts:%');
UPDATE api_key SET scopes = ARRAY(SELECT name FROM unnest(scopes) AS name
                                   WHERE name NOT LIKE 'invoices:%' AND name NOT LIKE 'virtual_accounts:%');
DROP TABLE marketplace_notice, invoice_attempt, invoice;
