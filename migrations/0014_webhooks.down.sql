UPDATE role SET permissions = array_remove(array_remove(array_remove(permissions, 'webhooks:read'), 'webhooks:write'),
                                           'webhooks:read:any');
UPDATE api_key SET scopes = array_remove(array_remove(scopes, 'webhooks:read'), 'webhooks:write')
 WHERE scopes && '{webhooks:read,webhooks:write}';
DROP TABLE webhook_due;
DROP TABLE webhook_queue;
DROP TABLE webhook_delivery;
DROP TRIGGER webhook_endpoint_changed ON webhook_endpoint;
DROP FUNCTION webhook_endpoint_changed();
DROP TABLE webhook_revision;
DROP TABLE webhook_endpoint;
