import torch
import torch.nn as nn
import torch.nn.functional as F

LABELS = ["sports", "politics", "science"]


class MultiLabelNet(nn.Module):
    def __init__(self, vocab, n_labels):
        super().__init__()
        self.hidden = nn.Linear(vocab, 40)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(40, n_labels)

    def forward(self, bow):
        return self.out(self.drop(F.relu(self.hidden(bow))))


def documents(n, gen):
    y = (torch.rand(n, len(LABELS), generator=gen) < 0.35).float()
    rate = torch.full((n, 60), 0.3)
    for k in range(len(LABELS)):
        rate[:, 12 * k:12 * (k + 1)] += 0.25 * y[:, k:k + 1]
    return torch.poisson(rate, generator=gen), y


def micro_f1(pred, y):
    tp = (pred * y).sum().item()
    fp = (pred * (1 - y)).sum().item()
    fn = ((1 - pred) * y).sum().item()
    return 2 * tp / max(2 * tp + fp + fn, 1)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    scores = model(x)
    pred = (scores > 0.5).float()
    return micro_f1(pred, y), (pred == y).float().mean(0)


gen = torch.Generator().manual_seed(66)
torch.manual_seed(66)
x_train, y_train = documents(1000, gen)
x_val, y_val = documents(300, gen)
model = MultiLabelNet(60, len(LABELS))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)

for epoch in range(6):
    model.train()
    for idx in torch.randperm(len(x_train)).split(50):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    f1, per_label = evaluate(model, x_val, y_val)
    print(f"epoch {epoch} val micro-F1 {f1:.3f}", {n: round(a, 3) for n, a in zip(LABELS, per_label.tolist())})
