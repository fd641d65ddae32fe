"""Due mails are claimed, sent by SMTP and recorded, one by one."""
