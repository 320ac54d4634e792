/* SPDX-License-Identifier: Apache-2.0
 *
 * A cascade written here, in both formats: a window of 8 x 8, a stage of one stump, a stage of a tree with a tilted
 * feature and a stump.
 */
#ifndef TESTS_HAAR_CASCADE_H
#define TESTS_HAAR_CASCADE_H

#define NEW_HEAD                                                                                                       \
    "<?xml version=\"1.0\"?>\n<!-- of the test -->\n<opencv_storage>\n<cascade type_id=\"opencv-cascade-classifier\">" \
    "<stageType>BOOST</stageType><featureType>HAAR</featureType><height>8</height><width>8</width>"                    \
    "<stageNum>2</stageNum><stages>"
#define NEW_STAGES                                                                                                     \
    "<_><maxWeakCount>1</maxWeakCount><stageThreshold>5.e-1</stageThreshold><weakClassifiers>"                         \
    "<_><internalNodes>\n 0 -1 0 0.</internalNodes><leafValues>3e-001 0.9</leafValues></_></weakClassifiers></_>"      \
    "<_><stageThreshold>0.45</stageThreshold><weakClassifiers>"                                                        \
    "<_><internalNodes>0 1 1 0.01 -1 -2 2 -0.02</internalNodes><leafValues>-0.2 0.4 1.1</leafValues></_>"              \
    "<_><internalNodes>0 -1 0 0.1</internalNodes><leafValues>-0.1 0.3</leafValues></_></weakClassifiers></_>"
#define NEW_FEATURES                                                                                                   \
    "</stages><features><_><rects><_>0 0 8 8 -1.</_><_>0 4 8 4 2.</_></rects><tilted>0</tilted></_>"                   \
    "<_><rects><_>4 0 4 4 -1.</_><_>4 0 2 4 2.</_></rects><tilted>1</tilted></_>"                                      \
    "<_><rects><_>0 0 8 8 -1.</_><_>2 0 2 8 2.</_><_>6 0 2 8 "                                                         \
    "2.</_></rects></_></features></cascade></opencv_storage>\n"
static const char new_format[] = NEW_HEAD NEW_STAGES NEW_FEATURES;

#define OLD_HEAD                                                                                                       \
    "<opencv_storage><tiny type_id='opencv-haar-classifier'><size>8 8</size><stages>"                                  \
    "<_><trees><_><_><feature><rects><_>0 0 8 8 -1.</_><_>0 4 8 4 2.</_></rects><tilted>0</tilted></feature>"          \
    "<threshold>0.</threshold><left_val>0.3</left_val><right_val>0.9</right_val></_></_></trees>"                      \
    "<stage_threshold>0.5</stage_threshold><parent>-1</parent><next>-1</next></_>"
#define OLD_SECOND                                                                                                     \
    "<_><trees><_><_><feature><rects><_>4 0 4 4 -1.</_><_>4 0 2 4 2.</_></rects><tilted>1</tilted></feature>"          \
    "<threshold>0.01</threshold><left_val>-0.2</left_val><right_node>1</right_node></_>"                               \
    "<_><feature><rects><_>0 0 8 8 -1.</_><_>2 0 2 8 2.</_><_>6 0 2 8 2.</_></rects><tilted>0</tilted></feature>"      \
    "<threshold>-0.02</threshold><left_val>0.4</left_val><right_val>1.1</right_val></_></_>"                           \
    "<_><_><feature><rects><_>0 0 8 8 -1.</_><_>0 4 8 4 2.</_></rects><tilted>0</tilted></feature>"                    \
    "<threshold>0.1</threshold><left_val>-0.1</left_val><right_val>0.3</right_val></_></_></trees>"
static const char old_format[] = OLD_HEAD OLD_SECOND
    "<stage_threshold>0.45</stage_threshold><parent>0</parent><next>-1</next></_></stages></tiny></opencv_storage>";
/* Stages as a tree: after the first comes one that nothing passes, and beside it the second. */
static const char tree_format[] = OLD_HEAD OLD_SECOND
    "<stage_threshold>99</stage_threshold><parent>0</parent><next>2</next></_>" OLD_SECOND
    "<stage_threshold>0.45</stage_threshold><parent>0</parent><next>-1</next></_></stages></tiny></opencv_storage>";

#endif
