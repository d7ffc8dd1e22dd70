UPDATE role SET permissions = array_remove(array_remove(permissions, 'events:read'), 'events:read:any');
DROP INDEX journal_quiet;
DROP TABLE event_mark;
