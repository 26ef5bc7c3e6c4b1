"""Transformers Trainer with a BERT built from a config, its own compute_loss, parameter groups, collator that builds the attention mask."""
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

PAD, CLS = 0, 1


class Parity(Dataset):
    """Label 1 when token 5 occurs; 20 % positives; variable length."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.rows = []
        for _ in range(n):
            ids = rng.choice([2, 3, 4, 6, 7, 8, 9], rng.integers(4, 12))
            label = int(rng.random() < 0.2)
            if label:
                ids[rng.integers(len(ids))] = 5
            self.rows.append({"input_ids": [CLS, *ids.tolist()], "labels": label})

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    width = max(len(r["input_ids"]) for r in rows)
    ids = torch.tensor([r["input_ids"] + [PAD] * (width - len(r["input_ids"])) for r in rows])
    return {"input_ids": ids, "attention_mask": (ids != PAD).long(), "labels": torch.tensor([r["labels"] for r in rows])}


class FocalTrainer(Trainer):
    gamma = 1.0

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = inputs.pop("labels")  # so that the model does not compute a loss of its own
        out = model(**inputs)
        logp = out.logits.log_softmax(-1).gather(1, labels[:, None])[:, 0]
        loss = (-(1 - logp.exp()) ** self.gamma * logp).mean()
        return (loss, out) if return_outputs else loss


def groups(model, wd):
    plain = [p for n, p in model.named_parameters() if p.ndim < 2]
    decay = [p for n, p in model.named_parameters() if p.ndim >= 2]
    return [{"params": decay, "weight_decay": wd}, {"params": plain, "weight_decay": 0.0}]


def metrics(ev):
    pred, y = ev.predictions.argmax(-1), ev.label_ids
    tp = ((pred == 1) & (y == 1)).sum()
    return {"accuracy": float((pred == y).mean()), "f1": float(2 * tp / max(1, (pred == 1).sum() + (y == 1).sum()))}


def main():
    set_seed(0)
    cfg = BertConfig(vocab_size=10, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
                     max_position_embeddings=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=2)
    model = BertForSequenceClassification(cfg)
    train, val, test = Parity(640, 1), Parity(200, 2), Parity(200, 3)
    opt = torch.optim.AdamW(groups(model, 0.01), lr=5e-3)
    steps = 3 * 20
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min((s + 1) / 6, max(0.0, (steps - s) / (steps - 6))))
    with tempfile.TemporaryDirectory() as tmp:
        args = TrainingArguments(output_dir=tmp, per_device_train_batch_size=32, per_device_eval_batch_size=100, num_train_epochs=3,
                                 eval_strategy="epoch", save_strategy="no", logging_strategy="no", report_to=[], use_cpu=True,
                                 disable_tqdm=True, max_grad_norm=1.0, seed=0, remove_unused_columns=False)
        trainer = FocalTrainer(model=model, args=args, train_dataset=train, eval_dataset=val, data_collator=collate,
                               compute_metrics=metrics, optimizers=(opt, sched))
        trainer.train()
        out = trainer.predict(test)
    print("test", {k: round(v, 3) for k, v in out.metrics.items() if k in ("test_accuracy", "test_f1")})
    majority = 1 - np.mean(out.label_ids)
    print("always negative would reach", round(float(majority), 3))


if __name__ == "__main__":
    main()
