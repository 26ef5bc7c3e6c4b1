"""Variable length sequence classification: bidirectional LSTM over packed sequences."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, random_split

torch.manual_seed(11)


def make_data(n, gen):
    """Class 1 if the sequence has a positive drift, 0 otherwise."""
    items = []
    for _ in range(n):
        length = int(torch.randint(5, 25, (1,), generator=gen))
        label = int(torch.randint(0, 2, (1,), generator=gen))
        drift = 0.35 if label == 1 else -0.35
        steps = torch.randn(length, 2, generator=gen)
        steps[:, 0] += drift
        items.append((steps, label))
    return items


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels, dtype=torch.float32)


class SeqClassifier(nn.Module):
    def __init__(self, n_in=2, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(n_in, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * hidden, 1))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        last = torch.cat([h[-2], h[-1]], dim=1)  # final forward and final backward states
        return self.head(last).squeeze(1)


data = make_data(700, torch.Generator().manual_seed(1))
train_set, val_set, test_set = random_split(data, [500, 100, 100], generator=torch.Generator().manual_seed(2))
train_loader = DataLoader(train_set, batch_size=32, shuffle=True, collate_fn=collate)
val_loader = DataLoader(val_set, batch_size=64, collate_fn=collate)
test_loader = DataLoader(test_set, batch_size=64, collate_fn=collate)

model = SeqClassifier()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)


def evaluate(loader):
    model.eval()
    loss_sum, correct, n = 0.0, 0, 0
    with torch.inference_mode():
        for x, lengths, y in loader:
            logit = model(x, lengths)
            loss_sum += criterion(logit, y).item() * y.numel()
            correct += ((logit > 0) == (y > 0.5)).sum().item()
            n += y.numel()
    return loss_sum / n, correct / n


best_loss, best_state = float("inf"), None
for epoch in range(8):
    model.train()
    for x, lengths, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    val_loss, val_acc = evaluate(val_loader)
    print(f"epoch {epoch}: val loss {val_loss:.4f}, val acc {val_acc:.3f}")
    if val_loss < best_loss:
        best_loss = val_loss
        best_state = {k: v.detach().clone() for k, v in model.state_dict().items()}

model.load_state_dict(best_state)
print("test loss %.4f, acc %.3f" % evaluate(test_loader))
