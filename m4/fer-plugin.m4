dnl SPDX-License-Identifier: Apache-2.0

dnl FER_PLUGIN_DIR
dnl Where plugins are installed and looked for; substitutes plugindir.
AC_DEFUN([FER_PLUGIN_DIR], [
AC_ARG_WITH([plugin-dir],
    [AS_HELP_STRING([--with-plugin-dir=DIR], [install and look for plugins in DIR @<:@LIBDIR/libfer/plugins@:>@])],
    [AS_CASE([$withval],
        [yes|no], [AC_MSG_ERROR([--with-plugin-dir needs a directory, e.g. --with-plugin-dir=/usr/lib/libfer/plugins])],
        [/*|\${*], [plugindir=$withval],
        [AC_MSG_ERROR([--with-plugin-dir=$withval: the directory must be absolute])])],
    [plugindir='${libdir}/libfer/plugins'])
AC_SUBST([plugindir])
fer_plugins_built=
fer_plugins_left_out=
])

dnl FER_PLUGIN(NAME, WHAT IT HAS)
dnl Adds --disable-plugin-NAME and the automake conditional PLUGIN_NAME (upper case) that plugins/NAME/local.mk uses.
AC_DEFUN([FER_PLUGIN], [
AC_REQUIRE([FER_PLUGIN_DIR])
AC_ARG_ENABLE([plugin-$1],
    [AS_HELP_STRING([--disable-plugin-$1], [leave out: $2])],
    [], [AS_VAR_SET([enable_plugin_$1], [yes])])
AM_CONDITIONAL(m4_toupper([PLUGIN_$1]), [test "x$enable_plugin_$1" != xno])
AS_IF([test "x$enable_plugin_$1" != xno],
    [fer_plugins_built="$fer_plugins_built $1"],
    [fer_plugins_left_out="$fer_plugins_left_out $1"])
])
