/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "detector.h"

int best_of(const float *answer, int classes)
{
    int best = 0;

    for (int i = 1; i < classes; i++)
        best = answer[i] > answer[best] ? i : best;
    return best;
}

/* ---- JSON ---- */

static void print_object(const struct fer_predictor_info *info, const struct answer_item *item, const float *answer)
{
    int best = best_of(answer, info->classes);
    json_t *all = json_object(), *object;

    for (int i = 0; i < info->classes; i++)
        json_put(all, info->labels[i], json_number((double)answer[i]));
    object = json_pack("{s:o, s:s, s:o, s:o}", "image", json_path(item->path), "label", info->labels[best],
                       "probability", json_number((double)answer[best]), "probabilities", all);
    if (item->faces > 0) {
        json_put(object, "faces", json_integer(item->faces));
        json_put(object, "face", json_integer(item->face));
        detector_put_face(object, &item->box);
    }
    print_json_line(object);
}

/* ---- CSV: fer detect's columns, then the answer ---- */

void print_answer_head(enum form form, const struct fer_predictor_info *info, bool detected)
{
    if (form != FORM_CSV)
        return;
    printf("path%s,label,probability", detected ? ",faces,face,score,x0,y0,x1,y1" : "");
    for (int i = 0; i < info->classes; i++) {
        putchar(',');
        print_csv(info->labels[i], strlen(info->labels[i]));
    }
    putchar('\n');
}

static void print_row(const struct fer_predictor_info *info, const struct answer_item *item, const float *answer)
{
    const struct fer_box *box = &item->box;
    const char *label = info->labels[best_of(answer, info->classes)];

    print_csv(item->path, strlen(item->path));
    if (item->faces > 0)
        printf(",%d,%d,%.6g,%.2f,%.2f,%.2f,%.2f", item->faces, item->face, (double)box->score, (double)box->x0,
               (double)box->y0, (double)box->x1, (double)box->y1);
    putchar(',');
    print_csv(label, strlen(label));
    printf(",%.6f", (double)answer[best_of(answer, info->classes)]);
    for (int i = 0; i < info->classes; i++)
        printf(",%.6f", (double)answer[i]);
    putchar('\n');
}

static void print_empty_row(const struct fer_predictor_info *info, const char *path)
{
    print_csv(path, strlen(path));
    printf(",0,,,,,,,,");
    for (int i = 0; i < info->classes; i++)
        putchar(',');
    putchar('\n');
}

/* ---- */

static void print_line(const struct fer_predictor_info *info, const struct answer_item *item, const float *answer)
{
    const struct fer_box *box = &item->box;
    int best = best_of(answer, info->classes);

    put_name(stdout, item->path);
    putchar('\t');
    if (item->faces > 0)
        printf("%.0f,%.0f,%.0f,%.0f\t", (double)box->x0, (double)box->y0, (double)(box->x1 - box->x0),
               (double)(box->y1 - box->y0));
    put_name(stdout, info->labels[best]);
    printf("\t%.4f", (double)answer[best]);
    for (int i = 0; i < info->classes; i++) {
        putchar('\t');
        put_name(stdout, info->labels[i]);
        printf("=%.4f", (double)answer[i]);
    }
    putchar('\n');
}

void print_answer(enum form form, const struct fer_predictor_info *info, const struct answer_item *item,
                  const float *answer)
{
    switch (form) {
    case FORM_LINES: print_line(info, item, answer); break;
    case FORM_CSV: print_row(info, item, answer); break;
    case FORM_JSON: print_object(info, item, answer); break;
    }
}

void print_no_face(enum form form, const struct fer_predictor_info *info, const char *path)
{
    switch (form) {
    case FORM_LINES:
        put_name(stdout, path);
        puts("\tno face");
        break;
    case FORM_CSV: print_empty_row(info, path); break;
    case FORM_JSON: print_json_line(json_pack("{s:o, s:i}", "image", json_path(path), "faces", 0)); break;
    }
}
