import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(42)

# fake sensor data: 3 kinds of signal
def make_signals(n):
    kind = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 1, 40)
    freq = torch.tensor([2.0, 4.0, 7.0])[kind].unsqueeze(1)
    phase = torch.rand(n, 1) * 6.28
    return torch.sin(6.28 * freq * t + phase) + 0.6 * torch.randn(n, 40), kind

train_x, train_y = make_signals(300)
val_x, val_y = make_signals(150)

net = nn.Sequential(
    nn.Conv1d(1, 16, 9, padding=4),
    nn.BatchNorm1d(16),
    nn.ReLU(),
    nn.AdaptiveMaxPool1d(5),
    nn.Flatten(),
    nn.Dropout(0.5),
    nn.Linear(80, 3),
)
loss_function = nn.CrossEntropyLoss()
optimizer = optim.Adam(net.parameters(), lr=0.003)

EPOCHS = 10
BATCH = 30
for epoch in range(EPOCHS):
    net.train()
    shuffled = torch.randperm(300)
    epoch_loss = 0
    for i in range(0, 300, BATCH):
        batch = shuffled[i:i + BATCH]
        optimizer.zero_grad()
        output = net(train_x[batch].unsqueeze(1))
        loss = loss_function(output, train_y[batch])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()

    # check on validation data
    net.eval()
    with torch.no_grad():
        val_out = net(val_x.unsqueeze(1))
        val_loss = loss_function(val_out, val_y).item()
        val_acc = (val_out.argmax(1) == val_y).float().mean().item()
    print("Epoch", epoch + 1, "| train", round(epoch_loss / 10, 3), "| val", round(val_loss, 3), "| acc", round(val_acc, 3))
