"""Every entry of the journal is announced to the keepers of all hosts, with its transaction."""

from django.db import migrations

FORWARDS = """
create function packages_announce_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('gatehouse_journal', new.project);
    return null;
end $$;
create trigger a_change_is_announced after insert on packages_journalentry
    for each row execute function packages_announce_change();
"""
BACKWARDS = """
drop trigger a_change_is_announced on packages_journalentry;
drop function packages_announce_change();
"""


class Migration(migrations.Migration):
    dependencies = [("packages", "0007_a_name_belongs_to_one_project")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
