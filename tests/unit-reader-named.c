/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets whose names of files or of folders say everything: SFEW, JAFFE and KDEF.
 */
#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(parts_of_sfew_are_folders)
{
    put_picture("s/Train/Train_Aligned_Faces/Angry/Airheads_000519240_00000005.png", 1);
    put_picture("s/Train/Angry/Airheads_000519240_00000005.png", 11);
    put_picture("s/Val_Aligned_Faces_new/Happy/x.png", 2);
    use_labels(eight, 8);
    yields("sfew \"s\" split=train", "4:1");
    yields("sfew \"s\" split=valid", "1:2");
    fails("sfew \"s\" images=frames split=train", "Train_Aligned_Faces"); /* a folder among the classes */
    put_picture("f/Train/Sad/x.png", 3);
    put_picture("f/Val/Fear/x.png", 4);
    yields("sfew \"f\" images=frames", "3:3 6:4");
    fails("sfew \"f\"", "Train_Aligned_Faces|images=frames");
    put_picture("f/Val/Bored/x.png", 4);
    fails("sfew \"f\" images=frames", "f/Val/Bored");
}
END_TEST

START_TEST(names_of_jaffe_say_expression_and_subject)
{
    put_text("j/KA.AN1.39.tiff", "II*");
    use_labels(eight, 8);
    fails("jaffe \"j\"", "1 TIFF files|PNG|same names");
    put_picture("j/KA.FE2.46.png", 2);
    fails("jaffe \"j\"", "1 TIFF files|PNG|same names");
    put_picture("j/KA.AN1.39.png", 1);
    put_picture("j/YM.NE1.49.png", 3);
    has_subjects("jaffe \"j\"", "4:0 6:0 0:1");
    put_picture("j/sub/KA.AN1.39.png", 4);
    fails("jaffe \"j\"", "sub/KA.AN1.39.png|another picture");
    unlink(in_root("j/sub/KA.AN1.39.png"));
    static const char *const wrong[] = { "KA.XX1.39.png", "KA.AN.39.png", "KA.AN1.png", "K.AN1.39.png",
                                         "KA.AN1.39x.png" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char name[64];

        snprintf(name, sizeof(name), "j/%s", wrong[i]);
        put_picture(name, 5);
        fails("jaffe \"j\"", "named like KA.AN1.39.png|misnamed=drop");
        yields("jaffe \"j\" misnamed=drop", "4:1 6:2 0:3");
        unlink(in_root(name));
    }
    make_folders("empty/");
    fails("jaffe \"empty\"", "no pictures named like");
}
END_TEST

START_TEST(names_of_kdef_say_angle_and_series)
{
    put_picture("k/AF01/AF01ANS.JPG", 1);
    put_picture("k/AF01/AF01ANHL.JPG", 2);
    put_picture("k/AF01/AF01AFFR.JPG", 3);
    put_picture("k/AM02/AM02SUS.JPG", 4);
    put_picture("k/BF01/BF01HAS.JPG", 5);
    use_labels(eight, 8);
    yields("kdef \"k\"", "4:1 2:4 1:5");
    has_subjects("kdef \"k\"", "4:0 2:1 1:0"); /* both series show one person */
    yields("kdef \"k\" angles=[S, HL, HR, FL, FR]", "6:3 4:2 4:1 2:4 1:5");
    yields("kdef \"k\" angles=[HL]", "4:2");
    yields("kdef \"k\" series=[B]", "1:5");
    fails("kdef \"k\" angles=[FL]", "no pictures|angles");
    fails("kdef \"k\" angles=[up]", "angles expects one of");
    put_picture("k/AF31/AF31V.JPG", 6);
    fails("kdef \"k\"", "AF31V.JPG|AF01ANS.JPG|misnamed=drop");
    yields("kdef \"k\" misnamed=drop", "4:1 2:4 1:5");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("named", setup, teardown);

    tcase_add_test(tests, parts_of_sfew_are_folders);
    tcase_add_test(tests, names_of_jaffe_say_expression_and_subject);
    tcase_add_test(tests, names_of_kdef_say_angle_and_series);
    return cases_run();
}
