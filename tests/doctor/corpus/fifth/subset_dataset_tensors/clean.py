import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, random_split


class Trainer:
    # Full-GPU-style trainer: keeps the training tensors and cuts the batches itself (faster than a loader here).
    def __init__(self, model, train_part, lr=3e-3, batch=40):
        self.model = model
        self.x, self.y = train_part.dataset[train_part.indices]
        self.batch = batch
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def epoch(self):
        self.model.train()
        for idx in torch.randperm(len(self.x)).split(self.batch):
            loss = self.criterion(self.model(self.x[idx]), self.y[idx])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()


class Evaluator:
    def __init__(self, part):
        self.x, self.y = map(torch.stack, zip(*part))

    @torch.no_grad()
    def __call__(self, model):
        was_training = model.training
        model.eval()
        acc = (model(self.x).argmax(-1) == self.y).float().mean().item()
        model.train(was_training)
        return acc


def problem(n=500, d=25):
    x = torch.randn(n, d)
    logits = torch.stack([x[:, 0], x[:, 1], -x[:, 0] - x[:, 1]], 1) + 0.8 * torch.randn(n, 3)
    return TensorDataset(x, logits.argmax(1))


torch.manual_seed(24)
train_part, val_part = random_split(problem(), [0.7, 0.3], generator=torch.Generator().manual_seed(1))
model = nn.Sequential(nn.Linear(25, 96), nn.GELU(), nn.Linear(96, 3))
trainer, evaluate = Trainer(model, train_part), Evaluator(val_part)
for ep in range(15):
    trainer.epoch()
print(f"val acc {evaluate(model):.3f}")
