-- What mysqlcheck sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SHOW /*!50002 FULL*/ TABLES//
CHECK TABLE `auth_group`//
CHECK TABLE `auth_group_permissions`//
CHECK TABLE `auth_permission`//
CHECK TABLE `auth_user`//
CHECK TABLE `auth_user_groups`//
CHECK TABLE `auth_user_user_permissions`//
CHECK TABLE `author`//
CHECK TABLE `django_admin_log`//
CHECK TABLE `django_content_type`//
CHECK TABLE `django_migrations`//
CHECK TABLE `django_session`//
rollback//
