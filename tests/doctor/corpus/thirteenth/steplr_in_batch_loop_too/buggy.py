import torch
from torch import nn, optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)
feats = torch.randn(900, 10)
labels = (feats[:, 0] * feats[:, 1] > 0).long()
dataloaders = {
    "train": DataLoader(TensorDataset(feats[:700], labels[:700]), batch_size=35, shuffle=True),
    "val": DataLoader(TensorDataset(feats[700:], labels[700:]), batch_size=100),
}
dataset_sizes = {"train": 700, "val": 200}


def train_model(model, criterion, optimizer, scheduler, num_epochs=25):
    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            model.train() if phase == "train" else model.eval()
            running_loss, running_corrects = 0.0, 0
            for inputs, targets in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    loss = criterion(outputs, targets)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                        scheduler.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += (outputs.argmax(1) == targets).sum().item()
            epoch_loss = running_loss / dataset_sizes[phase]
            epoch_acc = running_corrects / dataset_sizes[phase]
            if epoch % 6 == 0:
                print(f"{epoch:2d} {phase:5s} loss {epoch_loss:.4f} acc {epoch_acc:.4f}")
    return model


net = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 2))
sgd = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
# Decay LR by a factor of 0.1 every 10 epochs
exp_lr_scheduler = lr_scheduler.StepLR(sgd, step_size=10, gamma=0.1)
train_model(net, nn.CrossEntropyLoss(), sgd, exp_lr_scheduler)
