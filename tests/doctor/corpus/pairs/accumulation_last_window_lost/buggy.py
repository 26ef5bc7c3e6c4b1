import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def train(model, loader, epochs, accumulate):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = nn.MSELoss()
    n = len(loader)
    for epoch in range(epochs):
        model.train()
        optimizer.zero_grad()
        updates = 0
        for i, (a, b) in enumerate(loader):
            loss = criterion(model(a), b)
            (loss / accumulate).backward()
            if (i + 1) % accumulate == 0:
                optimizer.step()
                optimizer.zero_grad()
                updates += 1
        print("epoch", epoch, "updates", updates, "loss", loss.item())


if __name__ == "__main__":
    torch.manual_seed(15)
    x = torch.randn(220, 6)
    y = x.sum(1, keepdim=True)
    train(nn.Linear(6, 1), DataLoader(TensorDataset(x, y), batch_size=20, shuffle=True), 5, 4)
