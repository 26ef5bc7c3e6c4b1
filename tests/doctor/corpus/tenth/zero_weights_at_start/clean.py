import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

SEED = 23
EPOCHS = 20
BATCH_SIZE = 32
LEARNING_RATE = 0.01


# Step 1: the network
class SpiralNet(nn.Module):
    def __init__(self):
        super(SpiralNet, self).__init__()
        self.fc1 = nn.Linear(2, 32)
        self.fc2 = nn.Linear(32, 32)
        self.fc3 = nn.Linear(32, 3)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


# Step 2: the data, three spiral arms
def make_spirals(n_per_arm):
    points, labels = [], []
    for arm in range(3):
        r = torch.rand(n_per_arm)
        angle = 2.1 * arm + 4.0 * r + 0.15 * torch.randn(n_per_arm)
        points.append(torch.stack([r * torch.cos(angle), r * torch.sin(angle)], dim=1))
        labels.append(torch.full((n_per_arm,), arm))
    return TensorDataset(torch.cat(points), torch.cat(labels))


def count_correct(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(dim=1) == y).sum().item()
    return correct


# Step 3: training
def main():
    torch.manual_seed(SEED)
    train_set, test_set = make_spirals(300), make_spirals(100)
    train_loader = DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=100)

    model = SpiralNet()
    model.apply(init_weights)
    loss_function = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE)

    for epoch in range(EPOCHS):
        model.train()
        running_loss = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = loss_function(model(x), y)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * x.size(0)
        if (epoch + 1) % 5 == 0:
            accuracy = 100.0 * count_correct(model, test_loader) / len(test_set)
            print(f"Epoch {epoch + 1}: loss = {running_loss / len(train_set):.4f}, test accuracy = {accuracy:.1f}%")


if __name__ == "__main__":
    main()
