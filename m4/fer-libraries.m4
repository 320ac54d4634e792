dnl SPDX-License-Identifier: Apache-2.0

dnl FER_NEED(VARIABLE, MODULE, DEBIAN PACKAGE)
dnl A library we cannot do without, found by pkg-config; says what to install when it is missing.
AC_DEFUN([FER_NEED], [
PKG_CHECK_MODULES([$1], [$2], [],
    [AS_IF([test "x$PKG_CONFIG" = x],
        [AC_MSG_ERROR([pkg-config is missing: install it, or run scripts/install-deps])],
        [AC_MSG_ERROR([$2 is missing: install $3, or run scripts/install-deps; give its place in PKG_CONFIG_PATH])])])
])

dnl FER_LIBRARIES
dnl Every library the build uses.  Substitutes OPENCL_, STB_, JANSSON_, XXHASH_, MPI_, CHECK_ and CLBLAST_ CFLAGS and LIBS.
AC_DEFUN([FER_LIBRARIES], [
AC_SEARCH_LIBS([dlopen], [dl], [], [AC_MSG_ERROR([dlopen is missing: plugins need it])])
AC_SEARCH_LIBS([pthread_create], [pthread], [], [AC_MSG_ERROR([POSIX threads are missing])])
AC_SEARCH_LIBS([sqrt], [m], [], [AC_MSG_ERROR([the C mathematics library is missing])])
AC_SEARCH_LIBS([argp_parse], [argp], [], [AC_MSG_ERROR([argp is missing: it is part of glibc; elsewhere install argp-standalone])])

FER_NEED([OPENCL], [OpenCL], [ocl-icd-opencl-dev])
FER_NEED([STB], [stb], [libstb-dev])
FER_NEED([JANSSON], [jansson >= 2.13], [libjansson-dev])
FER_NEED([XXHASH], [libxxhash >= 0.8], [libxxhash-dev])

fer_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $OPENCL_CFLAGS $STB_CFLAGS"
AC_DEFINE([CL_TARGET_OPENCL_VERSION], [120], [The OpenCL interface used: 1.2.])
AC_CHECK_HEADER([CL/cl.h], [], [AC_MSG_ERROR([CL/cl.h is missing: install opencl-c-headers])],
    [#define CL_TARGET_OPENCL_VERSION 120])
AC_CHECK_HEADER([stb_image.h], [], [AC_MSG_ERROR([stb_image.h is missing: install libstb-dev])])
AC_CHECK_HEADER([stb_easy_font.h], [], [AC_MSG_ERROR([stb_easy_font.h is missing: install libstb-dev])])

AC_ARG_WITH([clblast],
    [AS_HELP_STRING([--without-clblast], [do without CLBlast, the matrix product on GPUs @<:@auto@:>@])],
    [], [with_clblast=auto])
CLBLAST_LIBS=
AS_IF([test "x$with_clblast" != xno],
    [AC_CHECK_HEADER([clblast_c.h],
        [fer_save_LIBS=$LIBS
         LIBS="$LIBS $OPENCL_LIBS"
         AC_CHECK_LIB([clblast], [CLBlastSgemm], [CLBLAST_LIBS=-lclblast])
         LIBS=$fer_save_LIBS],
        [], [#define CL_TARGET_OPENCL_VERSION 120])
     AS_IF([test "x$CLBLAST_LIBS" != x],
        [AC_DEFINE([HAVE_CLBLAST], [1], [Define to 1 when CLBlast is there.])
         with_clblast=yes],
        [test "x$with_clblast" = xyes],
        [AC_MSG_ERROR([--with-clblast was given, but CLBlast is missing: install libclblast-dev])],
        [with_clblast=no])])
CPPFLAGS=$fer_save_CPPFLAGS
AC_SUBST([CLBLAST_LIBS])
AM_CONDITIONAL([HAVE_CLBLAST], [test "x$with_clblast" = xyes])

dnl Several processes train together; nothing of MPI is touched unless asked for.
AC_ARG_WITH([mpi],
    [AS_HELP_STRING([--with-mpi], [training by several processes, fer train under mpirun @<:@no@:>@])],
    [], [with_mpi=no])
AS_IF([test "x$with_mpi" != xno],
    [PKG_CHECK_MODULES([MPI], [ompi-c],
        [with_mpi="Open MPI"],
        [PKG_CHECK_MODULES([MPI], [mpich], [with_mpi=MPICH],
            [AC_MSG_ERROR([--with-mpi was given, but MPI is missing: install libopenmpi-dev and openmpi-bin, or set MPI_CFLAGS and MPI_LIBS])])])
     AC_DEFINE([HAVE_MPI], [1], [Define to 1 when MPI is to be used.])])
AM_CONDITIONAL([HAVE_MPI], [test "x$with_mpi" != xno])

dnl Only make check needs Check; a user who just installs does without.
PKG_CHECK_MODULES([CHECK], [check >= 0.12], [have_check=yes], [have_check=no])
AM_CONDITIONAL([HAVE_CHECK], [test "x$have_check" = xyes])
AC_CHECK_PROGS([VALGRIND], [valgrind], [])
AC_CHECK_PROGS([OCLGRIND], [oclgrind], [])
])

dnl FER_SUMMARY
dnl What was decided, in the order people ask.
AC_DEFUN([FER_SUMMARY], [
AS_BOX([libfer $PACKAGE_VERSION])
echo "
  compiler      $CC $CFLAGS
  prefix        $prefix
  plugins in    `eval eval eval echo "$plugindir" | sed "s,^NONE/,$ac_default_prefix/,"`
  plugins      $fer_plugins_built
  left out     ${fer_plugins_left_out:- none}
  OpenCL        $OPENCL_LIBS
  CLBlast       $with_clblast
  MPI           $with_mpi
  unit tests    $have_check (Check)
  valgrind      ${VALGRIND:-no}
  oclgrind      ${OCLGRIND:-no}
  werror        ${enable_werror:-no}
  sanitizers    ${enable_sanitizers:-no}

  Now: make, make check, make install."
])
