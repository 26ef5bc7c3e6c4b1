"""Mixed precision on CPU: bfloat16 autocast for the forward pass, float32 weights and optimizer."""
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

DEVICE = "cpu"


class Classifier(nn.Module):
    def __init__(self, n_in=16, n_out=4):
        super().__init__()
        self.fc1 = nn.Linear(n_in, 64)
        self.norm = nn.LayerNorm(64)
        self.fc2 = nn.Linear(64, n_out)

    def forward(self, x):
        return self.fc2(torch.relu(self.norm(self.fc1(x))))


def autocast():
    return torch.autocast(device_type=DEVICE, dtype=torch.bfloat16)


@torch.inference_mode()
def evaluate(model, loader, criterion):
    model.eval()
    loss_sum, correct, n = 0.0, 0, 0
    for x, y in loader:
        with autocast():
            logits = model(x)
        logits = logits.float()
        loss_sum += criterion(logits, y).item() * y.numel()
        correct += (logits.argmax(-1) == y).sum().item()
        n += y.numel()
    return loss_sum / n, correct / n


def main():
    torch.manual_seed(2024)
    centers = 1.2 * torch.randn(4, 16)
    y = torch.randint(0, 4, (1000,))
    x = centers[y] + 1.2 * torch.randn(1000, 16)
    train = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=40, shuffle=True)
    valid = DataLoader(TensorDataset(x[800:], y[800:]), batch_size=100)

    model = Classifier().to(DEVICE)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    epochs = 6
    scheduler = OneCycleLR(optimizer, max_lr=8e-3, total_steps=epochs * len(train))

    for epoch in range(epochs):
        model.train()
        for xb, yb in train:
            optimizer.zero_grad(set_to_none=True)
            with autocast():
                loss = criterion(model(xb), yb)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
        val_loss, val_acc = evaluate(model, valid, criterion)
        print(f"epoch {epoch + 1}/{epochs}  val loss {val_loss:.4f}  val acc {val_acc:.3f}")


if __name__ == "__main__":
    main()
