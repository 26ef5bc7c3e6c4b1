import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

CFG = {
    "vocab": 40,
    "length": 12,
    "label_noise": 0.1,
    "embed": 32,
    "filters": 96,
    "dropout": 0.5,
    "batch_size": 32,
    "lr": 3e-3,
    "epochs": 20,
    "val_every": 10,
    "n_train": 800,
    "n_val": 400,
    "n_test": 400,
}


def make_split(n, cfg, generator):
    """A sequence is positive if some token is directly followed by its successor."""
    seq = torch.randint(cfg["vocab"], (n, cfg["length"]), generator=generator)
    plant = torch.rand(n, generator=generator) < 0.45
    where = torch.randint(cfg["length"] - 1, (n,), generator=generator)
    rows = torch.arange(n)[plant]
    seq[rows, where[plant]] = torch.randint(0, 6, (len(rows),), generator=generator)
    seq[rows, where[plant] + 1] = seq[rows, where[plant]] + 1
    label = (seq[:, 1:] == seq[:, :-1] + 1).any(dim=1)
    label = (label ^ (torch.rand(n, generator=generator) < cfg["label_noise"])).float()
    return TensorDataset(seq, label)


class TextCNN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.embed = nn.Embedding(cfg["vocab"], cfg["embed"])
        self.conv = nn.Conv1d(cfg["embed"], cfg["filters"], kernel_size=2)
        self.norm = nn.BatchNorm1d(cfg["filters"])
        self.drop = nn.Dropout(cfg["dropout"])
        self.out = nn.Linear(cfg["filters"], 1)

    def forward(self, seq):
        h = self.embed(seq).transpose(1, 2)
        h = F.relu(self.norm(self.conv(h))).amax(dim=2)
        return self.out(self.drop(h)).squeeze(1)


class Trainer:
    def __init__(self, cfg, model, train_set, val_set):
        self.cfg = cfg
        self.model = model
        self.train_loader = DataLoader(train_set, cfg["batch_size"], shuffle=True)
        self.val_loader = DataLoader(val_set, 100)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg["lr"])
        self.history = []
        self.global_step = 0

    def evaluate(self, loader):
        self.model.eval()
        loss, hits, n = 0.0, 0, 0
        with torch.no_grad():
            for seq, label in loader:
                logit = self.model(seq)
                loss += F.binary_cross_entropy_with_logits(logit, label, reduction="sum").item()
                hits += ((logit > 0).float() == label).sum().item()
                n += label.numel()
        return loss / n, hits / n

    def fit(self):
        self.model.train()
        for epoch in range(self.cfg["epochs"]):
            for seq, label in self.train_loader:
                logit = self.model(seq)
                loss = F.binary_cross_entropy_with_logits(logit, label)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                self.global_step += 1
                if self.global_step % self.cfg["val_every"] == 0:
                    val_loss, val_acc = self.evaluate(self.val_loader)
                    self.history.append((self.global_step, loss.item(), val_loss, val_acc))


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    splits = {k: make_split(CFG["n_" + k], CFG, gen) for k in ("train", "val", "test")}
    trainer = Trainer(CFG, TextCNN(CFG), splits["train"], splits["val"])
    trainer.fit()
    for step, loss, val_loss, val_acc in trainer.history[::10]:
        print(f"step {step:4d}  train {loss:.3f}  val {val_loss:.3f}  acc {val_acc:.3f}")
    print("test loss %.3f acc %.3f" % trainer.evaluate(DataLoader(splits["test"], 100)))


if __name__ == "__main__":
    main()
